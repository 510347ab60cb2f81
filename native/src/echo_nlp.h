/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Non-linear processor of the line echo canceller: takes away what the filter leaves when only
 * the far end speaks, and puts noise like the line's own in its place. Driven by echo.c, one
 * block of 80 samples at a time.
 */
#ifndef TIPRING_ECHO_NLP_H
#define TIPRING_ECHO_NLP_H

#include "echo.h"
#include "fft256.h"

typedef struct {
    float leak;            /* residual echo over estimated echo, as energies */
    float echo_energy;     /* estimated echo of the block, decaying like a line's tail */
    float floor_energy;    /* background noise of the block */
    float gain;            /* what of the signal passes, 0..1 */
    int hold_blocks;       /* keep open this long after the near end was last heard */
    float noise[TR_FFT_BINS]; /* background: energy per bin of a 256-point frame */
    float tail[TR_ECHO_BLOCK]; /* comfort noise that runs over into the next block */
    uint32_t seed;
} tr_echo_nlp;

void tr_echo_nlp_reset(tr_echo_nlp *nlp);

/* The echo path changed: what is known of the residual no longer holds. */
void tr_echo_nlp_distrust(tr_echo_nlp *nlp);

/* `residual` is changed in place. `echo` is the filter's estimate of the echo, `spectrum` the
 * residual's (block at the end of 256 samples, zeros before), far_active whether the far end
 * speaks loud enough to leave an echo. */
void tr_echo_nlp_process(tr_echo_nlp *nlp, float residual[TR_ECHO_BLOCK],
                         const float echo[TR_ECHO_BLOCK], const tr_spectrum *spectrum,
                         int far_active);

#endif
