/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What: ITU-T G.711 companding, exact in the sense of the ITU's own reference (G.191, module g711):
 * a negative sample takes the magnitude ~x, so that -1 falls into the interval next to zero.
 *
 * How: a companded code is a floating-point number with a 3-bit exponent and a 4-bit mantissa, so
 * the processor's own conversion between integer and float does the segment search. There is no
 * table and no branch; compilers turn each loop into vector code on every machine we run on.
 */
#include "g711.h"

#include <string.h>

enum {
    ALAW_TOGGLE = 0x55,     /* even bits are inverted on the line (G.711, table 1a, note 2) */
    MANTISSA_SHIFT = 23 - 4, /* an IEEE 754 single's mantissa, cut to four bits */
    HALF_INTERVAL = 1 << (MANTISSA_SHIFT - 1),
    ALAW_EXPONENT = 127 + 4, /* magnitude 16 of 2048 is where segment 1 begins */
    ULAW_EXPONENT = 127 + 5, /* biased magnitude 33 of 8192 is segment 0 */
    ULAW_BIAS = 33,
    ULAW_LARGEST = 8191, /* biased: overload point of the 14-bit range */
};

static inline int32_t float_bits(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float bits_float(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 0..32767, with all bits inverted for negative samples */
static inline int32_t magnitude(int32_t sample)
{
    return sample ^ (sample >> 31);
}

void tr_alaw_encode(const int16_t *restrict in, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t size = magnitude(in[i]) >> 4;
        int32_t code = (float_bits((float)size) >> MANTISSA_SHIFT) - ((ALAW_EXPONENT - 1) << 4);
        code = size < 16 ? size : code;
        out[i] = (uint8_t)((code | (in[i] < 0 ? 0 : 0x80)) ^ ALAW_TOGGLE);
    }
}

void tr_alaw_decode(const uint8_t *restrict in, int16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t code = in[i] ^ ALAW_TOGGLE;
        int32_t bits = (code & 0x7f) << MANTISSA_SHIFT;
        float upper = bits_float(bits + ((ALAW_EXPONENT) << 23) + HALF_INTERVAL);
        int32_t size = (code & 0x70) ? (int32_t)upper : ((code & 0x0f) << 1) + 1;
        out[i] = (int16_t)((code & 0x80) ? size * 8 : -size * 8);
    }
}

void tr_ulaw_encode(const int16_t *restrict in, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t size = (magnitude(in[i]) >> 2) + ULAW_BIAS;
        size = size > ULAW_LARGEST ? ULAW_LARGEST : size;
        int32_t code = (float_bits((float)size) >> MANTISSA_SHIFT) - (ULAW_EXPONENT << 4);
        out[i] = (uint8_t)~(code | (in[i] < 0 ? 0x80 : 0));
    }
}

void tr_ulaw_decode(const uint8_t *restrict in, int16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t code = (uint8_t)~in[i];
        int32_t bits = ((code & 0x7f) << MANTISSA_SHIFT) + HALF_INTERVAL;
        int32_t size = (int32_t)bits_float(bits + (ULAW_EXPONENT << 23)) - ULAW_BIAS;
        out[i] = (int16_t)((code & 0x80) ? -size * 4 : size * 4);
    }
}
