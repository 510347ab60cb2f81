/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mix.h"

#include <math.h>

#include "tone.h"

void tr_mix_add(int32_t *sum, const int16_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += in[i];
}

void tr_mix_others(const int32_t *sum, const int16_t *own, int16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = tr_saturate(sum[i] - own[i]);
}

void tr_mix_gain(int16_t *samples, float factor, size_t n)
{
    if (factor == 1.0f)
        return;
    for (size_t i = 0; i < n; i++)
        samples[i] = tr_saturate((int32_t)((float)samples[i] * factor));
}

double tr_mix_energy(const int16_t *samples, size_t n)
{
    int64_t energy = 0;
    for (size_t i = 0; i < n; i++)
        energy += (int32_t)samples[i] * samples[i];
    return (double)energy;
}

double tr_mix_dbm0(double mean_square)
{
    const double full_scale_sine = 32767.0 * 32767.0 / 2.0;
    double dbm0 = 10.0 * log10(mean_square / full_scale_sine + 1e-12) + 3.14;
    return dbm0 < -90.0 ? -90.0 : dbm0;
}
