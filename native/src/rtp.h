/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTP packets (RFC 3550), source lock of a symmetric leg, and telephone events (RFC 4733).
 *
 * No sockets here: bytes in, bytes out. Plain structures of the caller; one thread at a time each.
 */
#ifndef TIPRING_RTP_H
#define TIPRING_RTP_H

#include <stddef.h>
#include <stdint.h>

enum { TR_RTP_HEADER = 12, TR_RTP_EVENT_PAYLOAD = 4 };

enum {
    TR_RTP_OK = 0,
    TR_RTP_SHORT = -1,     /* ends before its header, extension or padding says */
    TR_RTP_VERSION = -2,   /* not version 2: STUN, DTLS, noise */
    TR_RTP_IS_RTCP = -3,   /* payload types 72..76 on this port are RTCP (RFC 5761) */
    TR_RTP_NO_SPACE = -4,  /* build: does not fit */
};

typedef struct {
    uint8_t payload_type; /* 0..127 */
    uint8_t marker;       /* 0, 1 */
    uint16_t seq;
    uint32_t ts;          /* 1/8000 s */
    uint32_t ssrc;
    const uint8_t *payload; /* inside the parsed bytes */
    size_t payload_len;     /* without padding; may be 0 */
} tr_rtp_packet;

/* TR_RTP_OK or one of the errors above; reads data[0..len) only. */
int tr_rtp_parse(const uint8_t *data, size_t len, tr_rtp_packet *packet);

/* Header and payload into out; bytes written or TR_RTP_NO_SPACE. */
int tr_rtp_build(const tr_rtp_packet *packet, uint8_t *out, size_t cap);

/* ---- source lock: who may speak on this leg ---- */

enum {
    TR_RTP_SILENCE_BEFORE_RELOCK = 16000, /* samples: 2 s of nothing and another sender may take over */
    TR_RTP_PROBATION = 2,                 /* packets in a row before a sender is believed (RFC 3550 A.1) */
};

typedef struct {
    uint64_t from;       /* sender we listen to: IPv4 address << 16 | port; 0: none yet */
    uint32_t ssrc;
    uint16_t next_seq;   /* for the probation of a challenger */
    uint64_t heard_at;   /* engine sample count of its last packet */
    uint64_t challenger; /* who else sends while the source is silent, or a new SSRC */
    uint32_t challenger_ssrc;
    int challenger_run;
    uint64_t refused;    /* packets of strangers */
    uint64_t ssrc_changes;
} tr_rtp_source;

typedef enum {
    TR_RTP_SOURCE_REFUSED = 0,
    TR_RTP_SOURCE_OK = 1,
    TR_RTP_SOURCE_NEW = 2, /* accepted; sender or SSRC changed: reset the jitter buffer, send there */
} tr_rtp_source_result;

void tr_rtp_source_reset(tr_rtp_source *source);

/* Judge one parsed packet that came from `from` at sample count `now`. The first valid packet
 * locks. A new SSRC from the same address is believed at its second packet in a row; another
 * address only after the source has been silent for TR_RTP_SILENCE_BEFORE_RELOCK. */
tr_rtp_source_result tr_rtp_source_check(tr_rtp_source *source, uint64_t from,
                                         const tr_rtp_packet *packet, uint64_t now);

/* ---- telephone events, receiving ---- */

typedef struct {
    int active;        /* an event was seen */
    uint32_t ts;       /* its timestamp: the event's identity */
    uint8_t event;
    uint32_t ssrc;
} tr_rtp_event_rx;

void tr_rtp_event_rx_reset(tr_rtp_event_rx *rx);

/* The digit ('0'..'9', '*', '#', 'A'..'D') when this packet is the first seen of a new event,
 * else 0. Any packet of an event will do: lost starts and lost ends do no harm. */
char tr_rtp_event_receive(tr_rtp_event_rx *rx, const tr_rtp_packet *packet);

/* ---- telephone events, sending ---- */

typedef struct {
    int active;
    uint8_t event;
    uint8_t volume;          /* -dBm0, 0..63 */
    uint32_t ts;             /* held for the whole event */
    uint32_t total;          /* its length in samples */
    uint32_t elapsed;        /* samples told so far */
    int ends_left;           /* end packets still to send */
    int first;               /* marker goes on the first packet */
} tr_rtp_event_tx;

/* Begin an event at timestamp ts. 0, or -1 when the digit is none or the event is too long (> 8 s).*/
int tr_rtp_event_start(tr_rtp_event_tx *tx, char digit, uint32_t ts, uint32_t total_samples,
                       int volume);

/* The packet of this packet time (`step` samples, 160 or 400): fills payload, payload_len (4, into
 * `payload`), marker and ts of `packet`; the caller sets payload_type, seq and ssrc. Returns 1 when
 * there is one to send, 0 when the event is over (send audio again). The last packet has the end
 * bit and is sent three times, one a packet time. */
int tr_rtp_event_next(tr_rtp_event_tx *tx, uint32_t step, uint8_t payload[TR_RTP_EVENT_PAYLOAD],
                      tr_rtp_packet *packet);

#endif
