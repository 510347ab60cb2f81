/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One tick of one leg: what its party says comes in (receive), what it hears goes out (transmit).
 *
 * Receive: card channel → echo canceller → gain, or RTP → jitter buffer; then detectors and
 * recorder. Transmit: digits and caller ID before what plays, that before the bridge, else silence.
 */
#include <math.h>
#include <string.h>

#include "core.h"
#include "mix.h"

enum {
    DTMF_BLOCK = 102,        /* libspandsp's DTMF block */
    ECHO_REACH = 800,        /* samples back in which a digit we passed on may come back */
    DIGITS_GUARD_TICKS = 10, /* after our own digits, until their echo has died away */
    LEVEL_TICKS = 10,        /* levels and figures are published every 100 ms */
};
#define ECHO_SHARE 0.5       /* of our energy in a digit's two frequencies: it was in there */

/* ---- events ---- */

void tr_port_report(tr_port *port, const tr_event *event)
{
    tr_event copy = *event;
    copy.leg = port->leg;
    tr_engine_post(port->engine, &copy);
}

/* Share of the energy of a block of our own sound that is in this digit's frequencies. */
static double share_of_digit(const int16_t *samples, const double hz[2])
{
    double total = tr_mix_energy(samples, DTMF_BLOCK) + 1.0, found = 0.0;
    for (int f = 0; f < 2; f++) {
        double c = 2.0 * cos(2.0 * M_PI * hz[f] / TR_SAMPLE_RATE), s1 = 0.0, s2 = 0.0;
        for (int i = 0; i < DTMF_BLOCK; i++) {
            double s = samples[i] + c * s1 - s2;
            s2 = s1;
            s1 = s;
        }
        found += s1 * s1 + s2 * s2 - c * s1 * s2;
    }
    return 2.0 * found / (DTMF_BLOCK * total);
}

/* A digit we sent ourselves (from a prompt or another leg of the bridge) comes back from the hybrid
 * and must not count as pressed here. Runs only when a digit was found. */
static int is_our_echo(const tr_port *port, char digit)
{
    int16_t sent[ECHO_REACH];
    double hz[2];
    if (port->kind != TR_LEG_CARD || tr_tone_dtmf_pair(digit, hz) < 0)
        return 0;
    for (uint32_t i = 0; i < ECHO_REACH; i++)
        sent[i] = port->history[(port->history_at - ECHO_REACH + i) % TR_HISTORY];
    for (int at = 0; at + DTMF_BLOCK <= ECHO_REACH; at += DTMF_BLOCK / 2)
        if (tr_mix_energy(sent + at, DTMF_BLOCK) > 1e5 * DTMF_BLOCK &&
            share_of_digit(sent + at, hz) > ECHO_SHARE)
            return 1;
    return 0;
}

static void on_detected(void *user, const tr_event *event)
{
    tr_port *port = user;
    if (event->kind == TR_EVENT_DIGIT && is_our_echo(port, (char)event->id))
        return;
    tr_port_report(port, event);
}

/* ---- receive ---- */

static void receive_card(tr_port *port)
{
    tr_card *card = port->engine->card;
    int16_t sent[TR_TICK_SAMPLES];
    if (!card || !tr_card_running(card) || port->channel >= tr_card_channels(card)) {
        memset(port->rx, 0, sizeof(port->rx));
        port->echo_energy = 0.0;
        return;
    }
    tr_card_channel(card, port->channel, port->rx, sent);
    port->echo_energy = tr_mix_energy(sent, TR_TICK_SAMPLES);
    if (port->echo)
        tr_echo_process(port->echo, sent, port->rx, port->rx, TR_TICK_SAMPLES);
    tr_mix_gain(port->rx, port->receive_gain, TR_TICK_SAMPLES);
}

void tr_port_end_recording(tr_port *port, tr_record_end end, uint32_t trim_samples)
{
    if (port->recorder)
        tr_recorder_end(port->recorder, end, trim_samples);
    port->recorder = NULL;
}

static void record(tr_port *port)
{
    if (!port->recorder)
        return;
    tr_record_end end = tr_recorder_feed(port->recorder, port->rx, TR_TICK_SAMPLES,
                                         &port->engine->stats.record_overruns);
    if (end != TR_RECORD_GOING)
        tr_port_end_recording(port, end, 0);
}

static int hears_digits_in_band(const tr_port *port)
{
    if (port->rtp && port->rtp->settings.dtmf_payload_type >= 0)
        return 0; /* they come as RFC 4733 events; both would count twice */
    return port->digits_guard == 0;
}

void tr_port_receive(tr_port *port)
{
    if (port->kind == TR_LEG_RTP)
        tr_rtp_leg_receive(port);
    else
        receive_card(port);
    if (port->detector)
        tr_detector_feed(port->detector, port->rx, port->engine->sample, hears_digits_in_band(port),
                         port->echo_energy, on_detected, port);
    record(port);
    port->rx_energy += tr_mix_energy(port->rx, TR_TICK_SAMPLES);
}

/* ---- transmit ---- */

void tr_port_play(tr_port *port, tr_player *player)
{
    if (port->play)
        tr_engine_return(port->engine, TR_RETURN_PLAYER, port, port->play);
    port->play = player;
    tr_player **place = &port->inserts;
    while (*place) { /* a new play or a stop also ends a caller-ID burst; digits stay */
        tr_player *insert = *place;
        if (insert->end_event != TR_EVENT_CALLER_ID_SENT) {
            place = &insert->next;
            continue;
        }
        *place = insert->next;
        tr_engine_return(port->engine, TR_RETURN_INSERT, port, insert);
    }
}

void tr_port_insert(tr_port *port, tr_player *player)
{
    tr_player **place = &port->inserts;
    while (*place)
        place = &(*place)->next;
    *place = player;
}

static void play_ended(tr_port *port)
{
    tr_player *player = port->play;
    port->play = NULL;
    tr_engine_post_text(port->engine, player->end_event, port->leg, player->play, player->reason);
    tr_engine_return(port->engine, TR_RETURN_PLAYER, port, player);
}

static void insert_ended(tr_port *port)
{
    tr_player *player = port->inserts;
    port->inserts = player->next;
    tr_engine_post_text(port->engine, player->end_event, port->leg, player->play, "");
    tr_engine_return(port->engine, TR_RETURN_INSERT, port, player);
}

static void fill_insert(tr_port *port)
{
    size_t n = tr_player_read(port->inserts, port->tx, TR_TICK_SAMPLES);
    if (port->inserts->end_event == TR_EVENT_DIGITS_SENT)
        port->digits_guard = DIGITS_GUARD_TICKS;
    memset(port->tx + n, 0, (TR_TICK_SAMPLES - n) * sizeof(int16_t));
    if (n < TR_TICK_SAMPLES)
        insert_ended(port);
}

static void fill_play(tr_port *port)
{
    size_t n = tr_player_read(port->play, port->tx, TR_TICK_SAMPLES);
    memset(port->tx + n, 0, (TR_TICK_SAMPLES - n) * sizeof(int16_t));
    if (n < TR_TICK_SAMPLES)
        play_ended(port);
}

static void fill(tr_port *port)
{
    if (port->inserts && port->inserts->source != TR_PLAYER_RFC4733)
        fill_insert(port);
    else if (port->play)
        fill_play(port);
    else if (port->bridge >= 0)
        tr_bridge_hear(port);
    else
        memset(port->tx, 0, sizeof(port->tx));
}

static void remember(tr_port *port)
{
    for (int i = 0; i < TR_TICK_SAMPLES; i++)
        port->history[(port->history_at + (uint32_t)i) % TR_HISTORY] = port->tx[i];
    port->history_at += TR_TICK_SAMPLES;
}

static void copy_rtp_stats(tr_port *port)
{
    tr_jitter_report report;
    tr_jitter_stats(port->rtp->jitter, &report);
    int64_t lost = (int64_t)report.lost - port->rtp->event_packets;
    port->stats.packets_lost = lost > 0 ? lost : 0;
    port->stats.packets_late = (int64_t)report.late;
    port->stats.concealed_samples = (int64_t)report.concealed_samples;
    port->stats.jitter_samples = report.jitter_samples;
    port->stats.delay_samples = report.delay_samples;
}

static void publish(tr_port *port)
{
    const double samples = LEVEL_TICKS * TR_TICK_SAMPLES;
    tr_echo_report echo = {0};
    port->stats.receive_dbm0 = tr_mix_dbm0(port->rx_energy / samples);
    port->stats.transmit_dbm0 = tr_mix_dbm0(port->tx_energy / samples);
    port->rx_energy = port->tx_energy = 0.0;
    if (port->rtp)
        copy_rtp_stats(port);
    if (port->echo)
        tr_echo_stats(port->echo, &echo);
    port->stats.erl_db = (double)echo.erl_db;
    port->stats.erle_db = (double)echo.erle_db;
    tr_snapshot_write(&port->snapshot, &port->stats, sizeof(port->stats));
}

void tr_port_transmit(tr_port *port)
{
    port->digits_guard -= port->digits_guard > 0;
    fill(port);
    tr_mix_gain(port->tx, port->transmit_gain, TR_TICK_SAMPLES);
    port->tx_energy += tr_mix_energy(port->tx, TR_TICK_SAMPLES);
    remember(port);
    if (port->kind == TR_LEG_RTP)
        tr_rtp_leg_transmit(port);
    else if (port->engine->card && tr_card_running(port->engine->card))
        tr_card_put(port->engine->card, port->channel, port->tx);
    if (port->engine->stats.ticks % LEVEL_TICKS == 0)
        publish(port);
}
