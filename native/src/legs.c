/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Legs, control thread: opening, connecting, closing, tags, lists.
 */
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"

enum {
    ECHO_TAIL_MS = 32, /* a local loop and its hybrid; measured on the models of G.168 */
};

/* ---- making and freeing ports ---- */

static void destroy_inserts(tr_port *port)
{
    while (port->inserts) {
        tr_player *next = port->inserts->next;
        tr_player_destroy(port->inserts);
        port->inserts = next;
    }
}

void tr_port_destroy(tr_port *port)
{
    destroy_inserts(port);
    tr_player_destroy(port->play);
    tr_detector_destroy(port->detector);
    tr_rtp_leg_destroy(port->rtp);
    free(port->tag);
    free(port);
}

static tr_port *new_port(tr_engine *engine, int32_t leg, int32_t kind)
{
    tr_port *port = calloc(1, sizeof(*port));
    if (!port)
        return NULL;
    port->engine = engine;
    port->leg = leg;
    port->kind = kind;
    port->channel = -1;
    port->bridge = -1;
    port->receive_gain = port->transmit_gain = 1.0f;
    port->stats.receive_dbm0 = port->stats.transmit_dbm0 = -90.0;
    tr_snapshot_write(&port->snapshot, &port->stats, sizeof(port->stats));
    return port;
}

static int may_open(tr_engine *engine, int32_t leg)
{
    tr_control_collect(engine); /* ports of closed legs are free again */
    if (leg < 1)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "Leg numbers begin at 1, not %d.", leg);
    if (tr_control_find(engine, leg))
        return tr_control_fail(engine, TR_ERR_EXISTS, "Leg %d is already open.", leg);
    if (engine->leg_count == TR_MAX_LEGS)
        return tr_control_fail(engine, TR_ERR_MEMORY, "All %d legs are in use.", TR_MAX_LEGS);
    return TR_OK;
}

static int enlist(tr_engine *engine, tr_port *port)
{
    int result = tr_control_send(engine, TR_ORDER_OPEN, port, NULL, 0);
    if (result < 0) {
        tr_port_destroy(port);
        return result;
    }
    engine->legs[engine->leg_count++] = port;
    return TR_OK;
}

/* ---- card legs ---- */

static int check_card_leg(tr_engine *engine, int32_t channel, double gain1, double gain2)
{
    if (channel < 0 || channel >= TR_MAX_CHANNELS)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "A card has channels 0 to %d, not %d.",
                               TR_MAX_CHANNELS - 1, channel);
    if (!(fabs(gain1) <= 40.0) || !(fabs(gain2) <= 40.0))
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "A gain is -40 to 40 dB.");
    for (int i = 0; i < engine->leg_count; i++)
        if (engine->legs[i]->channel == channel)
            return tr_control_fail(engine, TR_ERR_EXISTS, "Channel %d belongs to leg %d.", channel,
                                   engine->legs[i]->leg);
    return TR_OK;
}

/* A channel keeps its canceller from call to call: the line behind it stays the same, and what was
 * learned saves the next caller the first second of echo. */
static tr_echo *echo_of(tr_engine *engine, int32_t channel)
{
    if (!engine->echoes[channel])
        engine->echoes[channel] = tr_echo_create(ECHO_TAIL_MS);
    return engine->echoes[channel];
}

int tr_open_card(tr_engine *engine, int32_t leg, int32_t channel, int32_t echo_canceller,
                 double receive_gain_db, double transmit_gain_db)
{
    int result = may_open(engine, leg);
    if (result == TR_OK)
        result = check_card_leg(engine, channel, receive_gain_db, transmit_gain_db);
    if (result < 0)
        return result;
    tr_port *port = new_port(engine, leg, TR_LEG_CARD);
    if (port && echo_canceller)
        port->echo = echo_of(engine, channel);
    if (!port || (echo_canceller && !port->echo)) {
        free(port);
        return tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory for leg %d.", leg);
    }
    port->channel = channel;
    port->receive_gain = (float)pow(10.0, receive_gain_db / 20.0);
    port->transmit_gain = (float)pow(10.0, transmit_gain_db / 20.0);
    return enlist(engine, port);
}

/* ---- RTP legs ---- */

static tr_port *new_rtp_port(tr_engine *engine, int32_t leg, const int fds[2])
{
    tr_port *port = new_port(engine, leg, TR_LEG_RTP);
    if (port)
        port->rtp = tr_rtp_leg_create(fds[0], fds[1]);
    if (port && port->rtp) {
        port->rtp->settings.dtmf_payload_type = -1;
        return port;
    }
    free(port);
    close(fds[0]);
    close(fds[1]);
    return NULL;
}

int tr_open_rtp(tr_engine *engine, int32_t leg)
{
    int fds[2] = {-1, -1}, result = may_open(engine, leg);
    int udp_port = result == TR_OK ? tr_sockets_open(engine, fds) : result;
    if (udp_port < 0)
        return udp_port;
    tr_port *port = new_rtp_port(engine, leg, fds);
    if (!port)
        return tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory for leg %d.", leg);
    port->rtp_port = udp_port;
    result = enlist(engine, port);
    return result < 0 ? result : udp_port;
}

static int check_settings(const tr_rtp_settings *settings, int32_t ptime_ms)
{
    return (settings->codec == TR_CODEC_PCMA || settings->codec == TR_CODEC_PCMU) &&
           settings->payload_type >= 0 && settings->payload_type <= 127 &&
           settings->dtmf_payload_type >= -1 && settings->dtmf_payload_type <= 127 &&
           settings->dtmf_payload_type != settings->payload_type && ptime_ms >= 10 &&
           ptime_ms <= 60 && ptime_ms % 10 == 0 && settings->remote.sin_port != 0;
}

static int send_settings(tr_engine *engine, tr_port *port, const tr_rtp_settings *settings)
{
    tr_rtp_settings *copy = malloc(sizeof(*copy));
    if (!copy)
        return tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory for leg %d.", port->leg);
    *copy = *settings;
    int result = tr_control_send(engine, TR_ORDER_CONNECT, port, copy, 0);
    if (result < 0)
        free(copy);
    else
        port->has_events = settings->dtmf_payload_type >= 0;
    return result;
}

int tr_connect_rtp(tr_engine *engine, int32_t leg, const char *host, uint16_t port, int32_t codec,
                   int32_t payload_type, int32_t ptime_ms, int32_t dtmf_payload_type, int32_t send,
                   int32_t receive)
{
    tr_rtp_settings settings = {.codec = codec,
                                .payload_type = payload_type,
                                .dtmf_payload_type = dtmf_payload_type,
                                .ptime = (uint32_t)(ptime_ms > 0 ? ptime_ms * 8 : 0),
                                .send = send,
                                .receive = receive};
    tr_port *found = tr_control_find(engine, leg);
    if (!found)
        return TR_ERR_NO_LEG;
    if (found->kind != TR_LEG_RTP)
        return tr_control_fail(engine, TR_ERR_KIND, "Leg %d is not an RTP leg.", leg);
    settings.remote.sin_family = AF_INET;
    settings.remote.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &settings.remote.sin_addr) != 1)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "\"%.100s\" is not an IPv4 address.", host);
    if (!check_settings(&settings, ptime_ms))
        return tr_control_fail(engine, TR_ERR_ARGUMENT,
                               "RTP of leg %d: codec A-law or mu-law, payload types 0 to 127 and "
                               "different, packets of 10 to 60 ms, a port.",
                               leg);
    return send_settings(engine, found, &settings);
}

/* ---- closing ---- */

int tr_close_leg(tr_engine *engine, int32_t leg)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    int result = tr_control_send(engine, TR_ORDER_CLOSE, port, NULL, 0);
    if (result < 0)
        return result;
    for (int i = 0; i < engine->leg_count; i++)
        if (engine->legs[i] == port)
            engine->legs[i] = engine->legs[engine->leg_count - 1];
    engine->leg_count--;
    return TR_OK;
}

/* Orders that the engine has not taken any more still hold objects. */
static void drop_order(const tr_order *order)
{
    tr_port *port = order->port;
    switch (order->kind) {
    case TR_ORDER_OPEN: port->engine->ports[port->engine->port_count++] = port; break;
    case TR_ORDER_PLAY:
    case TR_ORDER_INSERT: tr_player_destroy(order->object); break;
    case TR_ORDER_RECORD: tr_recorder_end(order->object, TR_RECORD_CLOSED, 0); break;
    case TR_ORDER_DETECT: tr_detector_destroy(order->object); break;
    case TR_ORDER_CONNECT:
    case TR_ORDER_JOIN: free(order->object); break;
    }
}

void tr_control_close_all(tr_engine *engine)
{
    tr_order order;
    while (tr_ring_pop(&engine->orders, &order))
        drop_order(&order);
    for (int i = 0; i < engine->port_count; i++) { /* also those with a close order dropped */
        if (engine->ports[i]->recorder)
            tr_recorder_end(engine->ports[i]->recorder, TR_RECORD_CLOSED, 0);
    }
    tr_control_collect(engine);
    for (int i = 0; i < engine->port_count; i++)
        tr_port_destroy(engine->ports[i]);
}

/* ---- tags and lists ---- */

int tr_tag_leg(tr_engine *engine, int32_t leg, const char *tag, size_t length)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if (length > TR_MAX_TAG)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "A tag has at most %d bytes.", TR_MAX_TAG);
    char *copy = malloc(length + 1);
    if (!copy)
        return tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory for the tag.");
    memcpy(copy, tag, length);
    free(port->tag);
    port->tag = copy;
    port->tag_length = length;
    return TR_OK;
}

int tr_list_legs(tr_engine *engine, tr_leg_info *legs, size_t capacity)
{
    for (int i = 0; i < engine->leg_count && (size_t)i < capacity; i++) {
        const tr_port *port = engine->legs[i];
        legs[i] = (tr_leg_info){port->leg, port->kind, port->channel, port->rtp_port,
                                port->bridge_id};
    }
    return engine->leg_count;
}

int tr_read_tag(tr_engine *engine, int32_t leg, char *tag, size_t capacity)
{
    const tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if (port->tag_length)
        memcpy(tag, port->tag, port->tag_length < capacity ? port->tag_length : capacity);
    return (int)port->tag_length;
}

int tr_read_leg_stats(tr_engine *engine, int32_t leg, tr_leg_stats *stats)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    tr_snapshot_read(&port->snapshot, stats, sizeof(*stats));
    return TR_OK;
}
