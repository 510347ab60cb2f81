/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call-progress tones by frequency and cadence.
 *
 * What: each tick the audio is correlated with every frequency of the templates; a template's tone
 * is "there" when its frequencies hold most of the energy of the last 20 ms (40 ms where its two
 * frequencies are closer than 60 Hz, for they beat). A machine per template then checks the lengths
 * of bursts and pauses, that the level holds within a burst and falls after it. Why: speech also
 * holds 425 Hz now and then, but never with a steady level and a cadence. Nothing is allocated
 * after init; engine thread.
 */
#ifndef TIPRING_PROGRESS_H
#define TIPRING_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "tipring.h"

enum { TR_PROGRESS_BINS = 2 * TR_MAX_TEMPLATES, TR_PROGRESS_WINDOW = 4 /* ticks */ };

typedef struct {
    double hz;
    float cosine[TR_TICK_SAMPLES], sine[TR_TICK_SAMPLES];
    float turn_cos, turn_sin;  /* phase the frequency gains in a tick */
    float re[TR_PROGRESS_WINDOW], im[TR_PROGRESS_WINDOW]; /* partial sums, newest first */
} tr_progress_bin;

typedef struct {
    tr_tone_template want;
    int bin[2];        /* -1: absent */
    int window;        /* ticks: 2 or 4 */
    /* the cadence machine */
    int state;
    int ticks;         /* in this state */
    int odd;           /* ticks in a row that contradict the state */
    int loud;          /* ticks of a pause with something else in it */
    int cycles;        /* good rounds so far */
    int counted;       /* this pause is long enough: its round is among them */
    int reported;
    double burst_dbm0; /* mean level of the burst */
    int64_t since;     /* first burst of this run */
} tr_progress_template;

typedef struct {
    tr_progress_bin bins[TR_PROGRESS_BINS];
    int bin_count;
    tr_progress_template templates[TR_MAX_TEMPLATES];
    int count;
    double energy[TR_PROGRESS_WINDOW]; /* newest first */
} tr_progress;

typedef void (*tr_progress_report)(void *user, int32_t kind, int32_t id, int64_t since);

/* 0, or -1 and a sentence when a template makes no sense. */
int tr_progress_init(tr_progress *progress, const tr_tone_template *templates, size_t count,
                     const char **why);

/* One tick; `sample` is the engine's count at its end. Returns 1 when a template's frequencies
 * (whatever their cadence) hold the energy of this moment. */
int tr_progress_feed(tr_progress *progress, const int16_t samples[TR_TICK_SAMPLES], int64_t sample,
                     tr_progress_report report, void *user);

#endif
