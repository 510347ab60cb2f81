/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Voice detection for answer supervision: 300 ms of speech-like energy within half a second.
 *
 * A tick counts when it is well above the line's noise, no call-progress tone or DTMF digit is
 * there within 40 ms of it, and the level moves from tick to tick as speech does and tones do not.
 * Plain structure; engine thread.
 */
#ifndef TIPRING_VOICE_H
#define TIPRING_VOICE_H

#include <stdint.h>

#include "tipring.h"

enum { TR_VOICE_WINDOW = 50, TR_VOICE_GUARD = 4 }; /* ticks */

typedef struct {
    double level[TR_VOICE_WINDOW + TR_VOICE_GUARD]; /* dBm0, ring */
    uint8_t tone[TR_VOICE_WINDOW + TR_VOICE_GUARD];
    int at;
    int filled;
    double floor_dbm0;
    int heard; /* reported; again only after half a second without voice */
} tr_voice;

void tr_voice_init(tr_voice *voice);

/* One tick; tone: a known tone is in it. Returns 1 once, when voice begins. */
int tr_voice_feed(tr_voice *voice, const int16_t samples[TR_TICK_SAMPLES], int tone);

#endif
