/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real fast Fourier transform of 256 points, for the echo canceller. Any thread; no state.
 *
 * Bins 0..128 of the spectrum are used; the arrays have TR_FFT_BINS entries so that loops over
 * them are whole vectors, the rest is zero.
 */
#ifndef TIPRING_FFT256_H
#define TIPRING_FFT256_H

enum { TR_FFT_POINTS = 256, TR_FFT_BINS = 136 };

typedef struct {
    _Alignas(32) float re[TR_FFT_BINS];
    _Alignas(32) float im[TR_FFT_BINS];
} tr_spectrum;

/* Unscaled: a constant 1 gives 256 in bin 0. */
void tr_fft256_forward(const float in[TR_FFT_POINTS], tr_spectrum *out);

/* Inverse of forward, scaled by 1/256. */
void tr_fft256_inverse(const tr_spectrum *in, float out[TR_FFT_POINTS]);

#endif
