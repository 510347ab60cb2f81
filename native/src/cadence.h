/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures a cadenced tone that nobody described: busy tone of a network we do not know.
 *
 * What: one or two steady frequencies of 200 to 660 Hz, on and off for 80 to 1,000 ms each, the
 * same from round to round; silence in the pauses. How: a rise of level begins a burst, a fall ends
 * it; its length follows from its energy over the level of its middle, so it is known to a
 * millisecond or two although ticks are 10 ms. The spectrum of the middle must lie in one or two
 * lines. Four rounds that agree are a cadence. Why no speech, music or keys: none of them holds one
 * note, then silence, four times to a few per cent; DTMF has half its energy above 1,200 Hz.
 *
 * Made on the control thread, fed by the engine thread.
 */
#ifndef TIPRING_CADENCE_H
#define TIPRING_CADENCE_H

#include <stdint.h>

#include "tipring.h"

typedef struct tr_cadence tr_cadence;

/* Null when there is no memory. */
tr_cadence *tr_cadence_create(void);
void tr_cadence_destroy(tr_cadence *cadence);

/* One tick; `sample` is the engine's count at its end, `sent_energy` the sum of squares of what we
 * sent and may come back in it. Returns 1 and the figures after 4 rounds and every 4 more; a
 * cadence that we send ourselves does not count. */
int tr_cadence_feed(tr_cadence *cadence, const int16_t samples[TR_TICK_SAMPLES], int64_t sample,
                    double sent_energy, tr_cadence_figures *found);

/* Whether the last ticks are a burst so far: steady, and of one or two frequencies. */
int tr_cadence_sounds(const tr_cadence *cadence);

#endif
