/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Playing, recording and detecting, control thread: files are read and sounds made here, so that
 * the engine thread finds everything ready.
 */
#include <string.h>
#include <stdlib.h>

#include "callerid.h"
#include "control.h"

enum { MAX_FILES = 1000, MAX_DIGIT_MS = 8000, MAX_DELAY_MS = 60000 };
#define MAX_RECORD_S 86400.0 /* a WAV of a day is 1.4 GB; the format ends at 4 GB */

static int no_memory(tr_engine *engine, int32_t leg)
{
    return tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory to play to leg %d.", leg);
}

static int send_player(tr_engine *engine, int32_t kind, tr_port *port, tr_player *player)
{
    int result = tr_control_send(engine, kind, port, player, 0);
    if (result < 0)
        tr_player_destroy(player);
    return result;
}

/* ---- what plays ---- */

int tr_play_files(tr_engine *engine, int32_t leg, int32_t play, const char *const *paths,
                  size_t count, int32_t loop)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if (count > MAX_FILES)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "At most %d files play in turn.",
                               MAX_FILES);
    tr_player *player = tr_player_create(TR_PLAYER_CLIPS, TR_EVENT_PLAY_ENDED, play);
    if (!player)
        return no_memory(engine, leg);
    for (size_t i = 0; i < count; i++)
        tr_player_load(player, paths[i]);
    player->loop = loop;
    return send_player(engine, TR_ORDER_PLAY, port, player);
}

int tr_play_tone(tr_engine *engine, int32_t leg, int32_t play, const tr_tone_segment *segments,
                 size_t count, int32_t repeat)
{
    const char *why;
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    tr_player *player = tr_player_create(TR_PLAYER_TONE, TR_EVENT_PLAY_ENDED, play);
    if (!player)
        return no_memory(engine, leg);
    if (tr_tone_init(&player->tone, segments, count, repeat, &why) < 0) {
        tr_player_destroy(player);
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "%s", why);
    }
    return send_player(engine, TR_ORDER_PLAY, port, player);
}

int tr_stop_playing(tr_engine *engine, int32_t leg)
{
    tr_port *port = tr_control_find(engine, leg);
    return port ? tr_control_send(engine, TR_ORDER_PLAY, port, NULL, 0) : TR_ERR_NO_LEG;
}

/* ---- digits and caller ID ---- */

static int send_insert(tr_engine *engine, tr_port *port, tr_player *player)
{
    int result = send_player(engine, TR_ORDER_INSERT, port, player);
    if (result == TR_OK)
        port->inserts_waiting++;
    return result;
}

static int may_insert(tr_engine *engine, const tr_port *port)
{
    if (port->inserts_waiting >= TR_MAX_INSERTS)
        return tr_control_fail(engine, TR_ERR_BUSY, "Leg %d still sends earlier digits.",
                               port->leg);
    return TR_OK;
}

static int check_digits(tr_engine *engine, const char *digits, size_t length, int32_t on_ms,
                        int32_t off_ms, double level_dbm0)
{
    double hz[2];
    if (length > TR_MAX_DIGITS || on_ms < 20 || on_ms > MAX_DIGIT_MS || off_ms < 0 ||
        off_ms > MAX_DIGIT_MS || !(level_dbm0 >= -60.0 && level_dbm0 <= 0.0))
        return tr_control_fail(engine, TR_ERR_ARGUMENT,
                               "At most %d digits of 20 to %d ms at -60 to 0 dBm0 can be sent.",
                               TR_MAX_DIGITS, MAX_DIGIT_MS);
    for (size_t i = 0; i < length; i++)
        if (digits[i] != ',' && tr_tone_dtmf_pair(digits[i], hz) < 0)
            return tr_control_fail(engine, TR_ERR_ARGUMENT,
                                   "Digits are 0-9, *, #, A-D and a comma.");
    return TR_OK;
}

static tr_player *events_player(const char *digits, size_t length, int32_t on_ms, int32_t off_ms,
                                double level_dbm0)
{
    tr_player *player = tr_player_create(TR_PLAYER_RFC4733, TR_EVENT_DIGITS_SENT, 0);
    if (!player)
        return NULL;
    memcpy(player->digits, digits, length);
    player->on_samples = (uint32_t)on_ms * 8;
    player->off_samples = (uint32_t)off_ms * 8;
    player->volume = (int)-level_dbm0;
    return player;
}

static tr_player *tones_player(const char *digits, size_t length, int32_t on_ms, int32_t off_ms,
                               double level_dbm0)
{
    int16_t *samples;
    size_t count;
    const char *why;
    tr_player *player = tr_player_create(TR_PLAYER_CLIPS, TR_EVENT_DIGITS_SENT, 0);
    if (player &&
        tr_tone_render_digits(digits, length, (uint32_t)on_ms, (uint32_t)off_ms, level_dbm0,
                              &samples, &count, &why) == 0 &&
        tr_player_add(player, samples, count) == 0)
        return player;
    tr_player_destroy(player);
    return NULL;
}

int tr_send_digits(tr_engine *engine, int32_t leg, const char *digits, size_t length, int32_t on_ms,
                   int32_t off_ms, double level_dbm0)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    int result = check_digits(engine, digits, length, on_ms, off_ms, level_dbm0);
    if (result == TR_OK)
        result = may_insert(engine, port);
    if (result < 0)
        return result;
    tr_player *player = port->has_events
                            ? events_player(digits, length, on_ms, off_ms, level_dbm0)
                            : tones_player(digits, length, on_ms, off_ms, level_dbm0);
    return player ? send_insert(engine, port, player) : no_memory(engine, leg);
}

static tr_player *burst_player(int32_t fsk, const uint8_t *message, size_t length, int32_t delay_ms)
{
    int16_t *samples;
    size_t count;
    tr_player *player = tr_player_create(TR_PLAYER_CLIPS, TR_EVENT_CALLER_ID_SENT, 0);
    if (player &&
        tr_callerid_render(fsk, message, length, (uint32_t)delay_ms, &samples, &count) == 0 &&
        tr_player_add(player, samples, count) == 0)
        return player;
    tr_player_destroy(player);
    return NULL;
}

int tr_send_caller_id(tr_engine *engine, int32_t leg, int32_t fsk, const uint8_t *message,
                      size_t length, int32_t delay_ms)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if ((fsk != TR_FSK_BELL202 && fsk != TR_FSK_V23) || length < 2 || length > TR_CALLERID_MAX ||
        message[1] != length - 2 || delay_ms < 0 || delay_ms > MAX_DELAY_MS)
        return tr_control_fail(engine, TR_ERR_ARGUMENT,
                               "A caller-ID message is its type, the length of the rest, and the "
                               "rest; it is sent as bell202 or v23 after at most a minute.");
    int result = may_insert(engine, port);
    if (result < 0)
        return result;
    tr_player *player = burst_player(fsk, message, length, delay_ms);
    return player ? send_insert(engine, port, player) : no_memory(engine, leg);
}

/* ---- recording ---- */

int tr_start_recording(tr_engine *engine, int32_t leg, int32_t record, const char *path,
                       double max_s, double silence_s)
{
    char why[TR_MAX_TEXT];
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if (!(max_s > 0.0 && max_s <= MAX_RECORD_S) || !(silence_s >= 0.0 && silence_s <= MAX_RECORD_S))
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "A recording lasts up to a day.");
    tr_recorder *recorder = tr_recorder_create(engine->writer, leg, record, path, max_s, silence_s,
                                               why, sizeof(why));
    if (!recorder)
        return tr_control_fail(engine, TR_ERR_SYSTEM, "%s", why);
    int result = tr_control_send(engine, TR_ORDER_RECORD, port, recorder, 0);
    if (result < 0)
        tr_recorder_end(recorder, TR_RECORD_CLOSED, 0);
    return result;
}

int tr_stop_recording(tr_engine *engine, int32_t leg, double trim_s)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if (!(trim_s >= 0.0 && trim_s <= MAX_RECORD_S))
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "What is cut is 0 s or more.");
    return tr_control_send(engine, TR_ORDER_STOP_RECORD, port, NULL,
                           (uint32_t)(trim_s * TR_SAMPLE_RATE));
}

/* ---- detection ---- */

int tr_detect(tr_engine *engine, int32_t leg, int32_t digits, const tr_tone_template *templates,
              size_t count, int32_t voice, int32_t caller_id_fsk,
              int32_t measure)
{
    tr_detect_order order = {digits, templates, count, voice, caller_id_fsk, measure};
    const char *why;
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    if (caller_id_fsk < TR_FSK_NONE || caller_id_fsk > TR_FSK_V23)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "Caller ID comes as bell202 or v23.");
    tr_detector *detector = tr_detector_create(&order, &why);
    if (!detector)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "%s", why);
    int result = tr_control_send(engine, TR_ORDER_DETECT, port, detector, 0);
    if (result < 0)
        tr_detector_destroy(detector);
    return result;
}
