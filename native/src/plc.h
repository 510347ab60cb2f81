/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet loss concealment by pitch-synchronous repetition (after ITU-T G.711 appendix I).
 *
 * Every block of a stream passes through good() or lost(), in order, any block size up to
 * TR_PLC_MAX_BLOCK. Plain structure: zero it or call reset. One thread at a time per state.
 */
#ifndef TIPRING_PLC_H
#define TIPRING_PLC_H

#include <stddef.h>
#include <stdint.h>

enum {
    TR_PLC_PITCH_MIN = 20,   /* samples: 400 Hz, a child's voice */
    TR_PLC_PITCH_MAX = 132,  /* samples: 60 Hz, a low man's voice */
    TR_PLC_HISTORY = 400,    /* samples: three longest periods, enough to find and repeat one */
    TR_PLC_MAX_BLOCK = 320,
};

typedef struct {
    int16_t history[TR_PLC_HISTORY]; /* the last samples handed out, newest last */
    int16_t cycle[TR_PLC_PITCH_MAX]; /* one pitch period being repeated */
    int pitch;                       /* its length */
    int phase;                       /* next sample of it */
    int lost_samples;                /* since the gap began; 0 while the stream is good */
} tr_plc;

void tr_plc_reset(tr_plc *plc);

/* A block that arrived; its beginning is blended with the concealment if a gap just ended. */
void tr_plc_good(tr_plc *plc, int16_t *block, size_t n);

/* Fill a missing block. Fades to silence within 60 ms. */
void tr_plc_lost(tr_plc *plc, int16_t *block, size_t n);

/* Pitch period that fits the end of n samples best, TR_PLC_PITCH_MIN..TR_PLC_PITCH_MAX.
 * n must be at least 2 * TR_PLC_PITCH_MAX. */
int tr_plc_find_pitch(const int16_t *samples, size_t n);

#endif
