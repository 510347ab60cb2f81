/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sample arithmetic of one tick: sums, gains, levels. Pure functions; any thread.
 */
#ifndef TIPRING_MIX_H
#define TIPRING_MIX_H

#include <stddef.h>
#include <stdint.h>

/* sum += in */
void tr_mix_add(int32_t *sum, const int16_t *in, size_t n);

/* out = sum - own, saturated: what everyone else said */
void tr_mix_others(const int32_t *sum, const int16_t *own, int16_t *out, size_t n);

/* In place, saturated; factor 1 does nothing. */
void tr_mix_gain(int16_t *samples, float factor, size_t n);

double tr_mix_energy(const int16_t *samples, size_t n);

/* Level of this mean square in dBm0 (a full-scale sine is 3.14 dBm0), not below -90. */
double tr_mix_dbm0(double mean_square);

#endif
