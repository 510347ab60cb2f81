/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is listened for on one leg, in the receive direction only: DTMF (libspandsp), call-progress
 * tones known and unknown, voice, caller-ID bursts. Made on the control thread, fed by the engine thread.
 */
#ifndef TIPRING_DETECT_H
#define TIPRING_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "tipring.h"

typedef struct tr_detector tr_detector;

typedef struct {
    int digits;
    const tr_tone_template *templates;
    size_t template_count;
    int voice;
    int caller_id; /* tr_fsk */
    int measure;   /* cadenced tones that no template describes */
} tr_detect_order;

/* Called inside tr_detector_feed with every member but `leg` filled in. */
typedef void (*tr_detector_report)(void *user, const tr_event *event);

/* Null and a sentence when the order makes no sense or there is no memory. */
tr_detector *tr_detector_create(const tr_detect_order *order, const char **why);
void tr_detector_destroy(tr_detector *detector);

/* Whether digits are armed at all (RFC 4733 digits ask this too). */
int tr_detector_wants_digits(const tr_detector *detector);

/* One tick; `sample` is the engine's count at its end; in_band 0 leaves DTMF out; sent_energy: sum
 * of squares of our own sound that may come back in it. */
void tr_detector_feed(tr_detector *detector, const int16_t samples[TR_TICK_SAMPLES], int64_t sample,
                      int in_band, double sent_energy, tr_detector_report report, void *user);

#endif
