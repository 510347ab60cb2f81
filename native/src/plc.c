/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What: hides gaps of a speech stream.
 * How: at the first missing sample the pitch of what was heard is found, and its last period is
 * repeated, made seamless at its ends. The joint to the real past is smoothed with the past run
 * backwards, so that no look-ahead is needed (appendix I delays the stream by 3.75 ms for that).
 * From 10 ms on it fades, and is silent at 60 ms: longer gaps sound worse when filled.
 */
#include "plc.h"

#include <string.h>

enum {
    HOLD_SAMPLES = 80,     /* full level for 10 ms (appendix I) */
    FADE_SAMPLES = 400,    /* then to silence in 50 ms */
    BLEND_LONGEST = 80,    /* return to the real stream: 4 ms and more for longer gaps, up to 10 ms */
    BLEND_SHORTEST = 32,
    MATCH_SAMPLES = 132,   /* how much of the past is compared */
};

void tr_plc_reset(tr_plc *plc)
{
    memset(plc, 0, sizeof *plc);
}

static int16_t saturate(float value)
{
    if (value > 32767.0f)
        return 32767;
    return value < -32768.0f ? -32768 : (int16_t)value;
}

static int difference(const int16_t *end, int period, int step)
{
    int sum = 0;
    for (int i = 1; i <= MATCH_SAMPLES; i += step) {
        int d = end[-i] - end[-i - period];
        sum += d < 0 ? -d : d;
    }
    return sum;
}

int tr_plc_find_pitch(const int16_t *samples, size_t n)
{
    const int16_t *end = samples + n;
    int best = TR_PLC_PITCH_MIN, least = difference(end, best, 2);
    for (int period = best + 2; period <= TR_PLC_PITCH_MAX; period += 2) {
        int sum = difference(end, period, 2);
        if (sum < least)
            least = sum, best = period;
    }
    int around = best;
    least = difference(end, best, 1);
    for (int period = around - 1; period <= around + 1; period += 2) {
        if (period < TR_PLC_PITCH_MIN || period > TR_PLC_PITCH_MAX)
            continue;
        int sum = difference(end, period, 1);
        if (sum < least)
            least = sum, best = period;
    }
    return best;
}

static void remember(tr_plc *plc, const int16_t *block, size_t n)
{
    if (n >= TR_PLC_HISTORY) {
        memcpy(plc->history, block + n - TR_PLC_HISTORY, sizeof plc->history);
        return;
    }
    memmove(plc->history, plc->history + n, (TR_PLC_HISTORY - n) * sizeof *block);
    memcpy(plc->history + TR_PLC_HISTORY - n, block, n * sizeof *block);
}

/* One period whose last quarter runs into its own beginning. */
static void cut_cycle(tr_plc *plc)
{
    const int16_t *end = plc->history + TR_PLC_HISTORY;
    plc->pitch = tr_plc_find_pitch(plc->history, TR_PLC_HISTORY);
    memcpy(plc->cycle, end - plc->pitch, (size_t)plc->pitch * sizeof *plc->cycle);
    int quarter = plc->pitch / 4;
    for (int i = 0; i < quarter; i++) {
        float weight = (float)(i + 1) / (float)(quarter + 1);
        float last = end[-quarter + i], earlier = end[-quarter + i - plc->pitch];
        plc->cycle[plc->pitch - quarter + i] = (int16_t)((1.0f - weight) * last + weight * earlier);
    }
    plc->phase = 0;
}

static float gain_at(int lost_samples)
{
    if (lost_samples < HOLD_SAMPLES)
        return 1.0f;
    int faded = lost_samples - HOLD_SAMPLES;
    return faded >= FADE_SAMPLES ? 0.0f : 1.0f - (float)faded / FADE_SAMPLES;
}

static float next_concealed(tr_plc *plc)
{
    float value = gain_at(plc->lost_samples) * plc->cycle[plc->phase];
    if (++plc->phase >= plc->pitch)
        plc->phase = 0;
    if (plc->lost_samples < HOLD_SAMPLES + FADE_SAMPLES)
        plc->lost_samples++;
    return value;
}

/* The past run backwards leads over from the last real sample into the repeated cycle. */
static void smooth_joint(const tr_plc *plc, int16_t *block, int n)
{
    const int16_t *end = plc->history + TR_PLC_HISTORY;
    int quarter = plc->pitch / 4 < n ? plc->pitch / 4 : n;
    for (int i = 0; i < quarter; i++) {
        float weight = (float)(i + 1) / (float)(quarter + 1);
        block[i] = saturate(weight * block[i] + (1.0f - weight) * end[-1 - i]);
    }
}

void tr_plc_lost(tr_plc *plc, int16_t *block, size_t n)
{
    int begins = plc->lost_samples == 0;
    if (begins)
        cut_cycle(plc);
    for (size_t i = 0; i < n; i++)
        block[i] = (int16_t)next_concealed(plc);
    if (begins)
        smooth_joint(plc, block, (int)n);
    remember(plc, block, n);
}

void tr_plc_good(tr_plc *plc, int16_t *block, size_t n)
{
    if (plc->lost_samples > 0) {
        int blend = BLEND_SHORTEST + plc->lost_samples / 8;
        blend = blend > BLEND_LONGEST ? BLEND_LONGEST : blend;
        blend = blend > (int)n ? (int)n : blend;
        for (int i = 0; i < blend; i++) {
            float weight = (float)(i + 1) / (float)(blend + 1);
            block[i] = saturate(weight * block[i] + (1.0f - weight) * next_concealed(plc));
        }
        plc->lost_samples = 0;
    }
    remember(plc, block, n);
}
