/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tone generator: segments of up to two frequencies with a cadence, phase-continuous.
 *
 * Plain structure, nothing allocated. The same generator renders DTMF digits into a buffer.
 */
#ifndef TIPRING_TONE_H
#define TIPRING_TONE_H

#include <stddef.h>
#include <stdint.h>

#include "tipring.h"

typedef struct {
    int32_t rate[2]; /* phase a sample, 2^32 is a turn; 0: absent */
    float scale;     /* peak of each frequency */
    uint32_t on, off; /* samples; on 0: for ever */
} tr_tone_step;

typedef struct {
    tr_tone_step steps[TR_MAX_SEGMENTS];
    size_t count;
    int32_t rounds_left; /* 0: for ever */
    size_t step;
    uint32_t at;         /* sample within the step */
    uint32_t phase[2];   /* runs on through pauses and steps */
    int ended;
} tr_tone;

/* 0, or -1 and a sentence when a value is out of range (frequencies 0 or 20..3800 Hz, level
 * -60..3 dBm0, at most an hour a segment, a finite tone with an endless segment). */
int tr_tone_init(tr_tone *tone, const tr_tone_segment *segments, size_t count, int32_t repeat,
                 const char **why);

/* Samples written, n unless the tone ended. */
size_t tr_tone_read(tr_tone *tone, int16_t *out, size_t n);

/* DTMF into a new buffer (malloc): 0, or -1 and a sentence. "," is a pause of 500 ms. */
int tr_tone_render_digits(const char *digits, size_t length, uint32_t on_ms, uint32_t off_ms,
                          double level_dbm0, int16_t **samples, size_t *count, const char **why);

/* Row and column of a DTMF digit in Hz; 0, or -1 when it is none. */
int tr_tone_dtmf_pair(char digit, double hz[2]);

/* Add with saturation at 16 bits. */
static inline int16_t tr_saturate(int32_t value)
{
    return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

#endif
