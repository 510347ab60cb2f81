/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What: 256 real points as 128 complex ones (even samples real, odd imaginary).
 * How: Stockham's self-sorting form, radix 4 three times and radix 2 once, real and imaginary
 * parts in arrays of their own, so that the inner loops are plain vector code.
 */
#include "fft256.h"

#include <math.h>
#include <string.h>

enum { HALF = TR_FFT_POINTS / 2 };

static struct {
    _Alignas(32) float re[HALF], im[HALF]; /* exp(-2 pi i k / 128) */
    _Alignas(32) float split_re[HALF], split_im[HALF]; /* exp(-2 pi i k / 256) */
} turn;

typedef struct {
    _Alignas(32) float re[HALF];
    _Alignas(32) float im[HALF];
} block;

__attribute__((constructor)) static void fill_turns(void)
{
    const double step = -2.0 * 3.14159265358979323846 / HALF;
    for (int k = 0; k < HALF; k++) {
        turn.re[k] = (float)cos(step * k);
        turn.im[k] = (float)sin(step * k);
        turn.split_re[k] = (float)cos(step * k / 2);
        turn.split_im[k] = (float)sin(step * k / 2);
    }
}

/* One radix-4 pass: `stride` interleaved transforms of length 128 / stride. */
__attribute__((always_inline)) static inline void pass4(const block *restrict x,
                                                        block *restrict y, const int stride)
{
    const int quarter = HALF / stride / 4, far_apart = HALF / 4;
    for (int p = 0; p < quarter; p++) {
        const int k = p * stride;
        const float w1r = turn.re[k], w1i = turn.im[k], w2r = turn.re[2 * k],
                    w2i = turn.im[2 * k], w3r = turn.re[3 * k], w3i = turn.im[3 * k];
        for (int q = 0; q < stride; q++) {
            const int i = q + k, o = q + 4 * k;
            const float ar = x->re[i] + x->re[i + 2 * far_apart];
            const float ai = x->im[i] + x->im[i + 2 * far_apart];
            const float br = x->re[i] - x->re[i + 2 * far_apart];
            const float bi = x->im[i] - x->im[i + 2 * far_apart];
            const float cr = x->re[i + far_apart] + x->re[i + 3 * far_apart];
            const float ci = x->im[i + far_apart] + x->im[i + 3 * far_apart];
            const float dr = x->im[i + far_apart] - x->im[i + 3 * far_apart];
            const float di = x->re[i + 3 * far_apart] - x->re[i + far_apart];
            const float er = br + dr, ei = bi + di, fr = ar - cr, fi = ai - ci, gr = br - dr,
                        gi = bi - di;
            y->re[o] = ar + cr;
            y->im[o] = ai + ci;
            y->re[o + stride] = er * w1r - ei * w1i;
            y->im[o + stride] = er * w1i + ei * w1r;
            y->re[o + 2 * stride] = fr * w2r - fi * w2i;
            y->im[o + 2 * stride] = fr * w2i + fi * w2r;
            y->re[o + 3 * stride] = gr * w3r - gi * w3i;
            y->im[o + 3 * stride] = gr * w3i + gi * w3r;
        }
    }
}

/* Complex transform of z in place; `spare` is working space. */
static void transform(block *restrict z, block *restrict spare)
{
    pass4(z, spare, 1);
    pass4(spare, z, 4);
    pass4(z, spare, 16);
    for (int q = 0; q < HALF / 2; q++) {
        z->re[q] = spare->re[q] + spare->re[q + HALF / 2];
        z->im[q] = spare->im[q] + spare->im[q + HALF / 2];
        z->re[q + HALF / 2] = spare->re[q] - spare->re[q + HALF / 2];
        z->im[q + HALF / 2] = spare->im[q] - spare->im[q + HALF / 2];
    }
}

void tr_fft256_forward(const float in[TR_FFT_POINTS], tr_spectrum *out)
{
    block z, spare;
    for (int k = 0; k < HALF; k++) {
        z.re[k] = in[2 * k];
        z.im[k] = in[2 * k + 1];
    }
    transform(&z, &spare);
    memset(out, 0, sizeof *out);
    out->re[0] = z.re[0] + z.im[0];
    out->re[HALF] = z.re[0] - z.im[0];
    for (int k = 1; k < HALF; k++) {
        const float even_r = 0.5f * (z.re[k] + z.re[HALF - k]);
        const float even_i = 0.5f * (z.im[k] - z.im[HALF - k]);
        const float odd_r = 0.5f * (z.im[k] + z.im[HALF - k]);
        const float odd_i = 0.5f * (z.re[HALF - k] - z.re[k]);
        out->re[k] = even_r + turn.split_re[k] * odd_r - turn.split_im[k] * odd_i;
        out->im[k] = even_i + turn.split_re[k] * odd_i + turn.split_im[k] * odd_r;
    }
}

void tr_fft256_inverse(const tr_spectrum *in, float out[TR_FFT_POINTS])
{
    block z, spare; /* conjugated, so that the forward transform inverts */
    z.re[0] = 0.5f * (in->re[0] + in->re[HALF]);
    z.im[0] = -0.5f * (in->re[0] - in->re[HALF]);
    for (int k = 1; k < HALF; k++) {
        const float even_r = 0.5f * (in->re[k] + in->re[HALF - k]);
        const float even_i = 0.5f * (in->im[k] - in->im[HALF - k]);
        const float diff_r = 0.5f * (in->re[k] - in->re[HALF - k]);
        const float diff_i = 0.5f * (in->im[k] + in->im[HALF - k]);
        const float odd_r = diff_r * turn.split_re[k] + diff_i * turn.split_im[k];
        const float odd_i = diff_i * turn.split_re[k] - diff_r * turn.split_im[k];
        z.re[k] = even_r - odd_i;
        z.im[k] = -(even_i + odd_r);
    }
    transform(&z, &spare);
    const float scale = 1.0f / HALF;
    for (int k = 0; k < HALF; k++) {
        out[2 * k] = scale * z.re[k];
        out[2 * k + 1] = -scale * z.im[k];
    }
}
