/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What: suppressor of residual echo with comfort noise.
 *
 * How: the filter's echo estimate times the leak (how much the filter leaves, learnt from the
 * quietest stretches) says how loud the residual can be. What is clearly louder is the near end
 * and opens the gate at once; what is not, and stands above the noise, is echo and is faded
 * out. Noise is shaped bin by bin like the line's background, learnt while nobody speaks.
 */
#include "echo_nlp.h"

#include <math.h>
#include <string.h>

enum {
    OPEN_BLOCKS = 8,   /* 80 ms: the pauses inside a word do not close the gate */
    BLOCK = TR_ECHO_BLOCK,
};

static const float leak_fall = 0.15f;    /* per block towards a lower ratio */
static const float leak_rise = 1.004f;   /* per block otherwise: 1.7 dB a second */
static const float leak_lowest = 3e-4f;  /* -35 dB: A-law's own distortion */
static const float echo_decay = 0.5f;    /* per block: 3 dB in 10 ms, slower than a hybrid */
static const float near_margin = 8.0f;   /* 9 dB above the expected residual is the near end */
static const float floor_rise = 1.01f;   /* per block: 4.3 dB a second */
static const float floor_lowest = 4.0f * BLOCK; /* 2 steps of 16-bit audio: digital silence */
static const float noise_track = 0.08f;  /* per block, while only noise is there */

void tr_echo_nlp_reset(tr_echo_nlp *nlp)
{
    memset(nlp, 0, sizeof *nlp);
    nlp->leak = 1.0f;
    nlp->floor_energy = floor_lowest * 100.0f;
    nlp->gain = 1.0f;
    nlp->seed = 1;
}

void tr_echo_nlp_distrust(tr_echo_nlp *nlp)
{
    if (nlp->leak < 0.1f)
        nlp->leak = 0.1f;
}

static float energy_of(const float *block)
{
    float sum = 0.0f;
    for (int i = 0; i < BLOCK; i++)
        sum += block[i] * block[i];
    return sum;
}

static void learn_leak(tr_echo_nlp *nlp, float residual, float echo)
{
    if (echo < 16.0f * nlp->floor_energy)
        return;
    float ratio = residual / echo;
    if (ratio < nlp->leak)
        nlp->leak += leak_fall * (ratio - nlp->leak);
    else
        nlp->leak = fminf(nlp->leak * leak_rise, 1.0f);
    nlp->leak = fmaxf(nlp->leak, leak_lowest);
}

/* The floor follows the quietest blocks: the noise of the line without anybody's voice. */
static void learn_noise(tr_echo_nlp *nlp, float residual, const tr_spectrum *spectrum)
{
    if (residual < nlp->floor_energy)
        nlp->floor_energy += 0.3f * (residual - nlp->floor_energy);
    else
        nlp->floor_energy *= floor_rise;
    nlp->floor_energy = fmaxf(nlp->floor_energy, floor_lowest);
    if (residual > 3.0f * nlp->floor_energy)
        return;
    const float scale = (float)TR_FFT_POINTS / BLOCK;
    for (int k = 0; k < TR_FFT_BINS; k++) {
        float power = spectrum->re[k] * spectrum->re[k] + spectrum->im[k] * spectrum->im[k];
        nlp->noise[k] += noise_track * (scale * power - nlp->noise[k]);
    }
}

static float next_uniform(tr_echo_nlp *nlp)
{
    nlp->seed = nlp->seed * 1664525u + 1013904223u; /* Knuth, Numerical Recipes */
    return (float)(int32_t)nlp->seed * (1.0f / 2147483648.0f);
}

/* A frame of noise with random phases; its beginning is cross-faded with the last one's end. */
static void make_noise(tr_echo_nlp *nlp, float out[BLOCK])
{
    tr_spectrum shaped = {0};
    float frame[TR_FFT_POINTS];
    for (int k = 1; k < TR_FFT_POINTS / 2; k++) {
        float size = 1.2247449f * sqrtf(nlp->noise[k]); /* uniform parts: variance 1/3 each */
        shaped.re[k] = size * next_uniform(nlp);
        shaped.im[k] = size * next_uniform(nlp);
    }
    tr_fft256_inverse(&shaped, frame);
    for (int i = 0; i < BLOCK; i++) {
        float in = (float)(i + 1) / (BLOCK + 1);
        out[i] = sqrtf(in) * frame[i] + sqrtf(1.0f - in) * nlp->tail[i];
    }
    memcpy(nlp->tail, frame + BLOCK, sizeof nlp->tail);
}

static float wanted_gain(tr_echo_nlp *nlp, float residual, int far_active)
{
    float expected = near_margin * nlp->leak * nlp->echo_energy;
    if (residual > expected + 4.0f * nlp->floor_energy)
        nlp->hold_blocks = OPEN_BLOCKS;
    else if (nlp->hold_blocks > 0)
        nlp->hold_blocks--;
    int audible = far_active && expected > 0.5f * nlp->floor_energy;
    return nlp->hold_blocks > 0 || !audible ? 1.0f : 0.0f;
}

static void apply(tr_echo_nlp *nlp, float residual[BLOCK], float to)
{
    float noise[BLOCK], from = nlp->gain;
    make_noise(nlp, noise);
    for (int i = 0; i < BLOCK; i++) {
        float gain = from + (to - from) * (float)(i + 1) / BLOCK;
        residual[i] = gain * residual[i] + sqrtf(1.0f - gain * gain) * noise[i];
    }
    nlp->gain = to;
}

void tr_echo_nlp_process(tr_echo_nlp *nlp, float residual[BLOCK], const float echo[BLOCK],
                         const tr_spectrum *spectrum, int far_active)
{
    float heard = energy_of(residual), estimate = energy_of(echo);
    nlp->echo_energy = fmaxf(estimate, echo_decay * nlp->echo_energy);
    if (far_active)
        learn_leak(nlp, heard, estimate);
    learn_noise(nlp, heard, spectrum);
    float wanted = wanted_gain(nlp, heard, far_active);
    if (wanted < nlp->gain)
        wanted = fmaxf(wanted, nlp->gain - 0.5f);
    if (wanted < 1.0f || nlp->gain < 1.0f)
        apply(nlp, residual, wanted);
}
