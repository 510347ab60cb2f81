/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An RTP leg: its sockets, and the way of packets between them, the jitter buffer and the codec.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core.h"
#include "g711.h"

enum {
    MAX_PACKET = 1500,
    PACKETS_A_TICK = 32,       /* more than 32 in 10 ms is a flood; the rest waits in the socket */
    JITTER_MIN_MS = 20,
    JITTER_MAX_MS = 200,
    LOST_AFTER = 3 * TR_SAMPLE_RATE,
    STATIC_PCMU = 0, STATIC_PCMA = 8, /* RFC 3551 */
    COMFORT_NOISE = 13,        /* RFC 3389 */
};

/* ---- control thread ---- */

tr_rtp_leg *tr_rtp_leg_create(int fd, int rtcp_fd)
{
    tr_rtp_leg *rtp = calloc(1, sizeof(*rtp));
    if (!rtp)
        return NULL;
    rtp->jitter = tr_jitter_create(JITTER_MIN_MS, JITTER_MAX_MS);
    if (!rtp->jitter) {
        free(rtp);
        return NULL;
    }
    rtp->fd = fd;
    rtp->rtcp_fd = rtcp_fd;
    tr_rtp_source_reset(&rtp->source);
    tr_rtp_event_rx_reset(&rtp->event_rx);
    /* RFC 3550 5.1: all three should be random; should the system refuse, zeros work too */
    if (getrandom(&rtp->ssrc, sizeof(rtp->ssrc), GRND_NONBLOCK) < 0 ||
        getrandom(&rtp->ts, sizeof(rtp->ts), GRND_NONBLOCK) < 0 ||
        getrandom(&rtp->seq, sizeof(rtp->seq), GRND_NONBLOCK) < 0)
        rtp->ssrc = (uint32_t)fd;
    return rtp;
}

void tr_rtp_leg_destroy(tr_rtp_leg *rtp)
{
    if (!rtp)
        return;
    close(rtp->fd);
    close(rtp->rtcp_fd);
    tr_jitter_destroy(rtp->jitter);
    free(rtp);
}

/* ---- engine thread: receiving ---- */

static uint64_t address_key(const struct sockaddr_in *from)
{
    return (uint64_t)ntohl(from->sin_addr.s_addr) << 16 | ntohs(from->sin_port);
}

/* A new peer begins afresh; the same one (hold, resume, another codec) keeps its lock. */
static void change_peer(tr_rtp_leg *rtp, const struct sockaddr_in *remote)
{
    rtp->negotiated = *remote;
    rtp->settings.remote = *remote;
    tr_rtp_source_reset(&rtp->source);
    tr_jitter_reset(rtp->jitter);
    rtp->talkspurt = 1;
}

void tr_rtp_leg_connect(tr_port *port, const tr_rtp_settings *settings)
{
    tr_rtp_leg *rtp = port->rtp;
    if (!rtp->connected || address_key(&rtp->negotiated) != address_key(&settings->remote))
        change_peer(rtp, &settings->remote);
    struct sockaddr_in remote = rtp->settings.remote;
    rtp->settings = *settings;
    rtp->settings.remote = remote;
    rtp->connected = 1;
    rtp->fill = 0;
    rtp->heard_at = port->engine->sample;
    rtp->lost_reported = 0;
}

/* Peers that offered both laws may change without asking: static types say what they are. */
static int codec_of(const tr_rtp_leg *rtp, int payload_type)
{
    if (payload_type == rtp->settings.payload_type)
        return rtp->settings.codec;
    if (payload_type == STATIC_PCMU)
        return TR_CODEC_PCMU;
    return payload_type == STATIC_PCMA ? TR_CODEC_PCMA : 0;
}

static void take_audio(tr_port *port, const tr_rtp_packet *packet, int codec)
{
    int16_t pcm[TR_JITTER_MAX_PACKET];
    size_t n = packet->payload_len;
    if (n == 0 || n > TR_JITTER_MAX_PACKET) {
        port->stats.packets_refused++;
        return;
    }
    if (codec == TR_CODEC_PCMA)
        tr_alaw_decode(packet->payload, pcm, n);
    else
        tr_ulaw_decode(packet->payload, pcm, n);
    tr_jitter_put(port->rtp->jitter, packet->seq, packet->ts, pcm, n,
                  (uint64_t)port->engine->sample);
}

static void take_event(tr_port *port, const tr_rtp_packet *packet)
{
    port->rtp->event_packets++;
    char digit = tr_rtp_event_receive(&port->rtp->event_rx, packet);
    if (!digit || !tr_detector_wants_digits(port->detector))
        return;
    tr_event event = {.kind = TR_EVENT_DIGIT, .id = digit, .at_sample = port->engine->sample,
                      .value = 1.0};
    tr_port_report(port, &event);
}

/* Symmetric RTP: send to where the accepted stream comes from, whatever the SDP said. But who
 * speaks from the signalled address is right: a stranger who was quicker loses the lock to him. */
static int judge_source(tr_port *port, const tr_rtp_packet *packet, const struct sockaddr_in *from)
{
    tr_rtp_leg *rtp = port->rtp;
    uint64_t key = address_key(from);
    if (rtp->source.from != key && key == address_key(&rtp->negotiated))
        tr_rtp_source_reset(&rtp->source);
    int verdict = tr_rtp_source_check(&rtp->source, key, packet, (uint64_t)port->engine->sample);
    if (verdict == TR_RTP_SOURCE_REFUSED)
        return 0;
    if (verdict == TR_RTP_SOURCE_NEW) {
        tr_jitter_reset(rtp->jitter);
        tr_rtp_event_rx_reset(&rtp->event_rx);
        rtp->settings.remote = *from;
    }
    rtp->heard_at = port->engine->sample;
    rtp->lost_reported = 0;
    return 1;
}

static void take_packet(tr_port *port, const uint8_t *data, size_t length,
                        const struct sockaddr_in *from)
{
    tr_rtp_leg *rtp = port->rtp;
    tr_rtp_packet packet;
    if (!rtp->connected || !rtp->settings.receive)
        return;
    if (tr_rtp_parse(data, length, &packet) != TR_RTP_OK) {
        port->stats.packets_refused++;
        return;
    }
    int is_event = packet.payload_type == rtp->settings.dtmf_payload_type;
    int codec = is_event ? 0 : codec_of(rtp, packet.payload_type);
    int known = is_event || codec || packet.payload_type == COMFORT_NOISE;
    if (!known || !judge_source(port, &packet, from)) {
        port->stats.packets_refused++;
        return;
    }
    port->stats.packets_received++;
    if (is_event)
        take_event(port, &packet);
    else if (codec)
        take_audio(port, &packet, codec);
}

static void drain_rtcp(const tr_rtp_leg *rtp)
{
    uint8_t data[MAX_PACKET];
    for (int i = 0; i < 4; i++)
        if (recv(rtp->rtcp_fd, data, sizeof(data), MSG_DONTWAIT) < 0)
            return;
}

static void drain(tr_port *port)
{
    uint8_t data[MAX_PACKET];
    for (int i = 0; i < PACKETS_A_TICK; i++) {
        struct sockaddr_in from = {0};
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(port->rtp->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
                             (struct sockaddr *)&from, &size);
        if (n < 0 && errno == ECONNREFUSED)
            continue; /* an ICMP answer to something we sent */
        if (n < 0)
            return;
        if (n > MAX_PACKET || size != sizeof(from))
            port->stats.packets_refused++;
        else
            take_packet(port, data, (size_t)n, &from);
    }
}

static void watch_silence(tr_port *port)
{
    tr_rtp_leg *rtp = port->rtp;
    int64_t silent = port->engine->sample - rtp->heard_at;
    if (!rtp->connected || !rtp->settings.receive) {
        rtp->heard_at = port->engine->sample;
        return;
    }
    if (rtp->lost_reported || silent < LOST_AFTER)
        return;
    rtp->lost_reported = 1;
    tr_event event = {.kind = TR_EVENT_RTP_LOST, .at_sample = port->engine->sample};
    event.value = (double)silent / TR_SAMPLE_RATE;
    tr_port_report(port, &event);
}

void tr_rtp_leg_receive(tr_port *port)
{
    tr_rtp_leg *rtp = port->rtp;
    drain(port);
    if (port->engine->stats.ticks % 100 == 0)
        drain_rtcp(rtp);
    watch_silence(port);
    tr_jitter_get(rtp->jitter, port->rx, (uint64_t)port->engine->sample);
}

/* ---- engine thread: sending ---- */

static void send_packet(tr_port *port, tr_rtp_packet *packet)
{
    tr_rtp_leg *rtp = port->rtp;
    uint8_t data[TR_RTP_HEADER + TR_MAX_PTIME_SAMPLES];
    packet->seq = rtp->seq++;
    packet->ssrc = rtp->ssrc;
    int length = tr_rtp_build(packet, data, sizeof(data));
    if (length < 0 ||
        sendto(rtp->fd, data, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
               (struct sockaddr *)&rtp->settings.remote, sizeof(rtp->settings.remote)) < 0)
        port->stats.send_errors++;
    else
        port->stats.packets_sent++;
}

static void send_audio(tr_port *port)
{
    tr_rtp_leg *rtp = port->rtp;
    uint8_t payload[TR_MAX_PTIME_SAMPLES];
    tr_rtp_packet packet = {.payload_type = (uint8_t)rtp->settings.payload_type,
                            .marker = (uint8_t)rtp->talkspurt,
                            .ts = rtp->ts,
                            .payload = payload,
                            .payload_len = rtp->fill};
    if (rtp->settings.codec == TR_CODEC_PCMA)
        tr_alaw_encode(rtp->pending, payload, rtp->fill);
    else
        tr_ulaw_encode(rtp->pending, payload, rtp->fill);
    rtp->talkspurt = 0;
    send_packet(port, &packet);
}

static void end_insert(tr_port *port)
{
    tr_player *player = port->inserts;
    port->inserts = player->next;
    tr_engine_post_text(port->engine, player->end_event, port->leg, player->play, "");
    tr_engine_return(port->engine, TR_RETURN_INSERT, port, player);
}

/* Begin the next digit when none is being sent and its pause is over. */
static void next_digit(tr_port *port, tr_player *player)
{
    tr_rtp_leg *rtp = port->rtp;
    char digit = player->digits[player->digit];
    if (player->pause_left) {
        player->pause_left -= player->pause_left < rtp->fill ? player->pause_left : rtp->fill;
        return;
    }
    if (!digit) {
        end_insert(port);
        return;
    }
    player->digit++;
    player->pause_left = digit == ',' ? TR_SAMPLE_RATE / 2 : player->off_samples;
    if (digit != ',' && tr_rtp_event_start(&rtp->event_tx, digit, rtp->ts, player->on_samples,
                                           player->volume) < 0)
        rtp->event_tx.active = 0;
}

/* 1 when this packet time belongs to a telephone event. */
static int send_event(tr_port *port)
{
    tr_rtp_leg *rtp = port->rtp;
    uint8_t payload[TR_RTP_EVENT_PAYLOAD];
    tr_rtp_packet packet = {.payload_type = (uint8_t)rtp->settings.dtmf_payload_type};
    tr_player *player = port->inserts;
    if (!player || player->source != TR_PLAYER_RFC4733)
        return 0;
    if (!rtp->event_tx.active)
        next_digit(port, player);
    if (!rtp->event_tx.active ||
        !tr_rtp_event_next(&rtp->event_tx, rtp->fill, payload, &packet))
        return 0;
    if (rtp->settings.send && rtp->settings.dtmf_payload_type >= 0)
        send_packet(port, &packet);
    rtp->talkspurt = 1;
    return 1;
}

void tr_rtp_leg_transmit(tr_port *port)
{
    tr_rtp_leg *rtp = port->rtp;
    uint32_t ptime = rtp->connected ? rtp->settings.ptime : 2 * TR_TICK_SAMPLES;
    memcpy(rtp->pending + rtp->fill, port->tx, sizeof(port->tx));
    rtp->fill += TR_TICK_SAMPLES;
    if (rtp->fill < ptime)
        return;
    if (!send_event(port) && rtp->connected && rtp->settings.send)
        send_audio(port);
    rtp->ts += rtp->fill;
    rtp->fill = 0;
}
