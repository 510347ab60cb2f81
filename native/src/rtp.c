/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTP packets, source lock and telephone events; see rtp.h. Every read is bounds-checked. */
#include "rtp.h"

#include <string.h>

enum {
    VERSION_2 = 0x80,
    PADDING_BIT = 0x20,
    EXTENSION_BIT = 0x10,
    CSRC_MASK = 0x0f,
    MARKER_BIT = 0x80,
    RTCP_FIRST = 72, /* 200..204 with the marker bit taken off */
    RTCP_LAST = 76,
    EVENT_END_BIT = 0x80,
    EVENT_LONGEST = 64000, /* 8 s: a longer one would need segments (RFC 4733, 2.5.1.3) */
    EVENT_END_PACKETS = 3, /* RFC 4733, 2.5.1.4 */
};

static const char event_digits[16] = "0123456789*#ABCD"; /* RFC 4733, table 3 */

static uint16_t read16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t read32(const uint8_t *p)
{
    return (uint32_t)read16(p) << 16 | read16(p + 2);
}

static void write16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void write32(uint8_t *p, uint32_t value)
{
    write16(p, value >> 16);
    write16(p + 2, value);
}

/* Bytes of header, CSRC list and extension; negative when data ends inside them. */
static int header_length(const uint8_t *data, size_t len)
{
    size_t header = TR_RTP_HEADER + 4u * (data[0] & CSRC_MASK);
    if (data[0] & EXTENSION_BIT) {
        if (len < header + 4)
            return TR_RTP_SHORT;
        header += 4 + 4u * read16(data + header + 2);
    }
    return len < header ? TR_RTP_SHORT : (int)header;
}

static int padding_length(const uint8_t *data, size_t len, size_t header)
{
    if (!(data[0] & PADDING_BIT))
        return 0;
    size_t padding = len > header ? data[len - 1] : 0;
    return padding == 0 || padding > len - header ? TR_RTP_SHORT : (int)padding;
}

int tr_rtp_parse(const uint8_t *data, size_t len, tr_rtp_packet *packet)
{
    if (len < TR_RTP_HEADER)
        return TR_RTP_SHORT;
    if ((data[0] & 0xc0) != VERSION_2)
        return TR_RTP_VERSION;
    uint8_t payload_type = data[1] & 0x7f;
    if (payload_type >= RTCP_FIRST && payload_type <= RTCP_LAST)
        return TR_RTP_IS_RTCP;
    int header = header_length(data, len);
    if (header < 0)
        return header;
    int padding = padding_length(data, len, (size_t)header);
    if (padding < 0)
        return padding;
    packet->payload_type = payload_type;
    packet->marker = data[1] >> 7;
    packet->seq = read16(data + 2);
    packet->ts = read32(data + 4);
    packet->ssrc = read32(data + 8);
    packet->payload = data + header;
    packet->payload_len = len - (size_t)header - (size_t)padding;
    return TR_RTP_OK;
}

int tr_rtp_build(const tr_rtp_packet *packet, uint8_t *out, size_t cap)
{
    if (cap < TR_RTP_HEADER || packet->payload_len > cap - TR_RTP_HEADER)
        return TR_RTP_NO_SPACE;
    out[0] = VERSION_2;
    out[1] = (uint8_t)((packet->marker ? MARKER_BIT : 0) | (packet->payload_type & 0x7f));
    write16(out + 2, packet->seq);
    write32(out + 4, packet->ts);
    write32(out + 8, packet->ssrc);
    if (packet->payload_len)
        memmove(out + TR_RTP_HEADER, packet->payload, packet->payload_len);
    return (int)(TR_RTP_HEADER + packet->payload_len);
}

/* ---- source lock ---- */

void tr_rtp_source_reset(tr_rtp_source *source)
{
    memset(source, 0, sizeof *source);
}

static tr_rtp_source_result lock_on(tr_rtp_source *source, uint64_t from,
                                    const tr_rtp_packet *packet, uint64_t now)
{
    source->from = from;
    source->ssrc = packet->ssrc;
    source->heard_at = now;
    source->challenger_run = 0;
    return TR_RTP_SOURCE_NEW;
}

/* True when this packet is the challenger's TR_RTP_PROBATION'th in a row. */
static int challenge(tr_rtp_source *source, uint64_t from, const tr_rtp_packet *packet)
{
    int follows = source->challenger_run > 0 && source->challenger == from &&
                  source->challenger_ssrc == packet->ssrc && source->next_seq == packet->seq;
    source->challenger_run = follows ? source->challenger_run + 1 : 1;
    source->challenger = from;
    source->challenger_ssrc = packet->ssrc;
    source->next_seq = (uint16_t)(packet->seq + 1);
    return source->challenger_run >= TR_RTP_PROBATION;
}

tr_rtp_source_result tr_rtp_source_check(tr_rtp_source *source, uint64_t from,
                                         const tr_rtp_packet *packet, uint64_t now)
{
    if (source->from == 0)
        return lock_on(source, from, packet, now);
    if (source->from == from && source->ssrc == packet->ssrc) {
        source->heard_at = now;
        source->challenger_run = 0;
        return TR_RTP_SOURCE_OK;
    }
    int same_sender = source->from == from;
    int silent = now - source->heard_at >= TR_RTP_SILENCE_BEFORE_RELOCK;
    if ((same_sender || silent) && challenge(source, from, packet)) {
        source->ssrc_changes += source->ssrc != packet->ssrc;
        return lock_on(source, from, packet, now);
    }
    source->refused++;
    return TR_RTP_SOURCE_REFUSED;
}

/* ---- telephone events ---- */

void tr_rtp_event_rx_reset(tr_rtp_event_rx *rx)
{
    memset(rx, 0, sizeof *rx);
}

char tr_rtp_event_receive(tr_rtp_event_rx *rx, const tr_rtp_packet *packet)
{
    if (packet->payload_len < TR_RTP_EVENT_PAYLOAD)
        return 0;
    uint8_t event = packet->payload[0];
    int same_stream = rx->active && rx->ssrc == packet->ssrc;
    if (same_stream && rx->ts == packet->ts && rx->event == event)
        return 0;
    if (same_stream && rx->ts - packet->ts <= EVENT_LONGEST)
        return 0; /* a packet of an earlier event that was overtaken */
    rx->active = 1;
    rx->ts = packet->ts;
    rx->event = event;
    rx->ssrc = packet->ssrc;
    return event < sizeof event_digits ? event_digits[event] : 0;
}

int tr_rtp_event_start(tr_rtp_event_tx *tx, char digit, uint32_t ts, uint32_t total_samples,
                       int volume)
{
    const char *place = digit ? memchr(event_digits, digit, sizeof event_digits) : NULL;
    if (!place || total_samples == 0 || total_samples > EVENT_LONGEST)
        return -1;
    tx->active = 1;
    tx->event = (uint8_t)(place - event_digits);
    tx->volume = (uint8_t)(volume < 0 ? 0 : volume > 63 ? 63 : volume);
    tx->ts = ts;
    tx->total = total_samples;
    tx->elapsed = 0;
    tx->ends_left = EVENT_END_PACKETS;
    tx->first = 1;
    return 0;
}

int tr_rtp_event_next(tr_rtp_event_tx *tx, uint32_t step, uint8_t payload[TR_RTP_EVENT_PAYLOAD],
                      tr_rtp_packet *packet)
{
    if (!tx->active)
        return 0;
    tx->elapsed = tx->total - tx->elapsed <= step ? tx->total : tx->elapsed + step;
    int ended = tx->elapsed == tx->total;
    payload[0] = tx->event;
    payload[1] = (uint8_t)((ended ? EVENT_END_BIT : 0) | tx->volume);
    write16(payload + 2, tx->elapsed);
    packet->payload = payload;
    packet->payload_len = TR_RTP_EVENT_PAYLOAD;
    packet->marker = (uint8_t)tx->first;
    packet->ts = tx->ts;
    tx->first = 0;
    if (ended && --tx->ends_left == 0)
        tx->active = 0;
    return 1;
}
