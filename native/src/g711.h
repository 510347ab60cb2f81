/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * G.711 A-law and mu-law, bit exact.
 *
 * Linear samples are 16 bits with the codec's range scaled to full scale: a 13-bit A-law decoder
 * output value v of the ITU table is v * 8, a 14-bit mu-law value is v * 4 (G.191's convention).
 * Pure functions over caller's memory; any thread. `in` and `out` must not overlap.
 */
#ifndef TIPRING_G711_H
#define TIPRING_G711_H

#include <stddef.h>
#include <stdint.h>

void tr_alaw_decode(const uint8_t *in, int16_t *out, size_t n);
void tr_alaw_encode(const int16_t *in, uint8_t *out, size_t n);
void tr_ulaw_decode(const uint8_t *in, int16_t *out, size_t n);
void tr_ulaw_encode(const int16_t *in, uint8_t *out, size_t n);

#endif
