/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power in the two strongest lines of a Hann-windowed spectrum against all of it. */
#include "echo_narrow.h"

enum { NYQUIST = TR_FFT_POINTS / 2 };

static const float narrow_share = 0.97f;     /* of the power in two lines: a tone, not speech */

/* Largest sum of power in five neighbouring bins of a Hann window; blanks it for the next call. */
static float take_peak(float power[TR_FFT_BINS])
{
    int top = 0;
    for (int k = 1; k <= NYQUIST; k++)
        if (power[k] > power[top])
            top = k;
    float sum = 0.0f;
    for (int k = top < 2 ? 0 : top - 2; k <= top + 2 && k <= NYQUIST; k++) {
        sum += power[k];
        power[k] = 0.0f;
    }
    return sum;
}

int tr_echo_is_narrow(const tr_spectrum *x)
{
    float power[TR_FFT_BINS] = {0}, total = 1e-6f;
    for (int k = 1; k < NYQUIST; k++) {
        float re = x->re[k] - 0.5f * (x->re[k - 1] + x->re[k + 1]);
        float im = x->im[k] - 0.5f * (x->im[k - 1] + x->im[k + 1]);
        power[k] = re * re + im * im;
        total += power[k];
    }
    float lines = take_peak(power);
    lines += take_peak(power);
    return lines > narrow_share * total;
}
