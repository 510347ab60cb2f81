/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

enum { SAMPLES_PER_MS = 8, MAX_SEGMENT_MS = 3600000, COMMA_MS = 500 };

static int frequency_fits(double hz)
{
    return hz == 0.0 || (hz >= 20.0 && hz <= 3800.0);
}

static int segment_fits(const tr_tone_segment *segment)
{
    return frequency_fits(segment->frequency_hz[0]) && frequency_fits(segment->frequency_hz[1]) &&
           segment->level_dbm0 >= -60.0 && segment->level_dbm0 <= 3.0 &&
           segment->on_ms <= MAX_SEGMENT_MS && segment->off_ms <= MAX_SEGMENT_MS;
}

static void fill_step(tr_tone_step *step, const tr_tone_segment *segment)
{
    for (int i = 0; i < 2; i++)
        step->rate[i] = dds_phase_ratef((float)segment->frequency_hz[i]);
    step->scale = dds_scaling_dbm0f((float)segment->level_dbm0);
    step->on = segment->on_ms * SAMPLES_PER_MS;
    step->off = segment->off_ms * SAMPLES_PER_MS;
}

int tr_tone_init(tr_tone *tone, const tr_tone_segment *segments, size_t count, int32_t repeat,
                 const char **why)
{
    memset(tone, 0, sizeof(*tone));
    if (count < 1 || count > TR_MAX_SEGMENTS || repeat < 0) {
        *why = "A tone has 1 to 16 segments and is repeated 0 or more times.";
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (!segment_fits(&segments[i]) || (repeat > 0 && segments[i].on_ms == 0)) {
            *why = "A tone segment has frequencies of 20 to 3800 Hz, a level of -60 to 3 dBm0, and "
                   "a length unless it sounds for ever.";
            return -1;
        }
        fill_step(&tone->steps[i], &segments[i]);
    }
    tone->count = count;
    tone->rounds_left = repeat;
    return 0;
}

static int16_t sample(tr_tone *tone, const tr_tone_step *step)
{
    float sum = 0.0f;
    for (int i = 0; i < 2; i++)
        if (step->rate[i])
            sum += dds_modf(&tone->phase[i], step->rate[i], step->scale, 0);
    return tr_saturate((int32_t)lrintf(sum));
}

static void next_step(tr_tone *tone)
{
    tone->at = 0;
    if (++tone->step < tone->count)
        return;
    tone->step = 0;
    if (tone->rounds_left && --tone->rounds_left == 0)
        tone->ended = 1;
}

size_t tr_tone_read(tr_tone *tone, int16_t *out, size_t n)
{
    size_t done = 0;
    while (done < n && !tone->ended) {
        const tr_tone_step *step = &tone->steps[tone->step];
        int sounding = step->on == 0 || tone->at < step->on;
        out[done++] = sounding ? sample(tone, step) : 0;
        if (step->on && ++tone->at >= step->on + step->off)
            next_step(tone);
    }
    return done;
}

int tr_tone_dtmf_pair(char digit, double hz[2])
{
    static const char keys[] = "123A456B789C*0#D";
    static const double rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
    const char *key = digit ? strchr(keys, digit) : NULL;
    if (!key)
        return -1;
    hz[0] = rows[(key - keys) / 4];
    hz[1] = columns[(key - keys) % 4];
    return 0;
}

static int render_one(char digit, uint32_t on_ms, uint32_t off_ms, double level_dbm0, int16_t *out,
                      size_t *done)
{
    tr_tone_segment segment = {.level_dbm0 = level_dbm0, .on_ms = on_ms, .off_ms = off_ms};
    tr_tone tone;
    const char *why;
    if (digit == ',')
        segment.on_ms = COMMA_MS, segment.off_ms = 0;
    else if (tr_tone_dtmf_pair(digit, segment.frequency_hz) < 0)
        return -1;
    if (tr_tone_init(&tone, &segment, 1, 1, &why) < 0)
        return -1;
    size_t length = (size_t)(segment.on_ms + segment.off_ms) * SAMPLES_PER_MS;
    *done += tr_tone_read(&tone, out + *done, length);
    return 0;
}

int tr_tone_render_digits(const char *digits, size_t length, uint32_t on_ms, uint32_t off_ms,
                          double level_dbm0, int16_t **samples, size_t *count, const char **why)
{
    size_t each = on_ms + off_ms > COMMA_MS ? on_ms + off_ms : COMMA_MS;
    *count = 0;
    *samples = malloc((length * each + 1) * SAMPLES_PER_MS * sizeof(int16_t));
    if (!*samples) {
        *why = "There is no memory for the digits.";
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (render_one(digits[i], on_ms, off_ms, level_dbm0, *samples, count) < 0) {
            free(*samples);
            *why = "Digits are 0-9, *, #, A-D and a comma.";
            return -1;
        }
    }
    return 0;
}
