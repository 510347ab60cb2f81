/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What: adaptive line echo canceller, G.168 style, at 8 kHz in blocks of 10 ms.
 *
 * How: partitioned-block filter in the frequency domain (overlap-save, 256 points, partitions of
 * 160 taps). Each bin of each partition is a Kalman filter: it keeps how uncertain its
 * coefficient is, and takes a step in proportion to that and against the power of the error. In double
 * talk the error's power rises and the steps shrink by themselves, without a detector.
 * Two filters run: the *background* one learns, the *foreground* one cancels. The background is
 * copied forward when it is better for a while and taken back when it is worse, so that a talker or
 * tone that misleads it is never heard. It does not learn from tones or near-silence, which say
 * nothing of the other frequencies.
 *
 * References: G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo
 * control in hands-free telephones", Signal Processing 86 (2006); K. Ochiai et al., "Echo canceler
 * with two echo path models", IEEE Trans. Com. 25 (1977).
 */
#include "echo.h"

#include "echo_narrow.h"
#include "echo_nlp.h"
#include "fft256.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = TR_ECHO_BLOCK,
    POINTS = TR_FFT_POINTS,
    BINS = TR_FFT_BINS,
    TAPS = 160,               /* of one partition: BLOCK + TAPS - 1 <= POINTS, no wrap */
    LARGEST_PARTITIONS = 7,   /* 128 ms and a little */
    NARROW_BLOCKS = 2,        /* of a tone before it is called one */
    WIDE_BLOCKS = 20,         /* of speech until good cancellation proves the filter */
    POOR_BLOCKS = 6,          /* of poor cancellation before the path is thought to have changed */
    LONGEST_RUN = 1000,       /* no count goes further */
    TRIAL_PAUSE = 40,         /* blocks between two such thoughts: it may be double talk */
};

static const float block_share = (float)BLOCK / POINTS;
static const float first_uncertainty = 0.5f; /* |H|^2 of a line with little return loss */
static const float drift = 2e-4f;            /* process noise: share of |W|^2 forgotten a block */
static const float error_track = 0.3f;       /* smoothing of the error's power, per block */
static const float doubt_share = 0.02f;      /* of the error's power may always be our own fault */
static const float error_lowest = 4.0f * BLOCK; /* power of rounding to 16 bits and a little more */
static const float far_lowest = 900.0f;      /* mean square: -55 dBm0; below, nothing is learnt */
static const float energy_track = 0.15f;     /* comparison of the two filters: 65 ms */
static const float poor_share = 0.2f;        /* of the line's power left: 7 dB of ERLE */
static const float better = 0.9f;            /* power left, against the other filter's */
static const float clearly_better = 0.4f;    /* after a trial, which double talk may have called */
static const float worse_than_none = 1.5f;   /* the filter adds power: it is surely wrong */
static const float slow_track = 0.03f;       /* a pause of the far end is not a reason to go back */
static const float far_worse = 2.0f;         /* the background has lost its way */

struct tr_echo {
    int partitions;
    int newest;               /* place of the newest far spectrum in the ring */
    int adapt, nlp_on;
    int narrow_run, wide_run; /* blocks in a row that were tones, or were not */
    float far[POINTS];        /* last far samples */
    float fore_energy, back_energy, near_energy;
    float fore_slow, back_slow; /* the same over a third of a second */
    int poor_run;             /* blocks in a row of poor cancellation */
    int trial_pause;
    int proved;               /* the foreground has cancelled well since it began */
    float far_mean, near_mean, left_mean; /* smoothed, for the report */
    float error_power[BINS];
    tr_echo_nlp nlp;
    tr_spectrum *ring;        /* 2 * partitions far spectra, one a block */
    tr_spectrum *fore, *back; /* filters */
    float (*uncertainty)[BINS];
    int constrained;          /* partition whose taps are trimmed next */
};

tr_echo *tr_echo_create(int tail_ms)
{
    int partitions = (tail_ms * 8 + TAPS - 1) / TAPS;
    if (tail_ms < 8 || partitions > LARGEST_PARTITIONS)
        return NULL;
    size_t head = (sizeof(tr_echo) + 63) / 64 * 64;
    size_t spectra = 4 * (size_t)partitions * sizeof(tr_spectrum);
    size_t size = head + spectra + (size_t)partitions * sizeof(float[BINS]);
    tr_echo *ec = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!ec)
        return NULL;
    memset(ec, 0, size);
    ec->partitions = partitions;
    ec->ring = (tr_spectrum *)((char *)ec + head);
    ec->fore = ec->ring + 2 * partitions;
    ec->back = ec->fore + partitions;
    ec->uncertainty = (float(*)[BINS])(ec->back + partitions);
    ec->adapt = ec->nlp_on = 1;
    tr_echo_reset(ec);
    return ec;
}

void tr_echo_destroy(tr_echo *ec)
{
    free(ec);
}

static void doubt(tr_echo *ec)
{
    for (int p = 0; p < ec->partitions; p++)
        for (int k = 0; k < BINS; k++)
            ec->uncertainty[p][k] = first_uncertainty;
}

void tr_echo_reset(tr_echo *ec)
{
    memset(ec->ring, 0, 4 * (size_t)ec->partitions * sizeof *ec->ring);
    memset(ec->far, 0, sizeof ec->far);
    memset(ec->error_power, 0, sizeof ec->error_power);
    ec->newest = ec->narrow_run = ec->wide_run = ec->constrained = 0;
    ec->fore_energy = ec->back_energy = ec->near_energy = 0.0f;
    ec->fore_slow = ec->back_slow = 0.0f;
    ec->poor_run = ec->trial_pause = ec->proved = 0;
    ec->far_mean = ec->near_mean = ec->left_mean = 0.0f;
    doubt(ec);
    tr_echo_nlp_reset(&ec->nlp);
}

void tr_echo_set_nlp(tr_echo *ec, int on)
{
    ec->nlp_on = on;
}

void tr_echo_set_adapt(tr_echo *ec, int on)
{
    ec->adapt = on;
}

/* Far spectrum that partition p is multiplied with: 2 p blocks old. */
static const tr_spectrum *far_spectrum(const tr_echo *ec, int p)
{
    return &ec->ring[(ec->newest + 2 * ec->partitions - 2 * p) % (2 * ec->partitions)];
}

static void take_far(tr_echo *ec, const int16_t *far_ref)
{
    memmove(ec->far, ec->far + BLOCK, (POINTS - BLOCK) * sizeof *ec->far);
    for (int i = 0; i < BLOCK; i++)
        ec->far[POINTS - BLOCK + i] = far_ref[i];
    ec->newest = (ec->newest + 1) % (2 * ec->partitions);
    tr_fft256_forward(ec->far, &ec->ring[ec->newest]);
}

static void estimate_echo(const tr_echo *ec, const tr_spectrum *filter, float echo[BLOCK])
{
    tr_spectrum sum = {0};
    float frame[POINTS];
    for (int p = 0; p < ec->partitions; p++) {
        const tr_spectrum *x = far_spectrum(ec, p), *w = &filter[p];
        for (int k = 0; k < BINS; k++) {
            sum.re[k] += x->re[k] * w->re[k] - x->im[k] * w->im[k];
            sum.im[k] += x->re[k] * w->im[k] + x->im[k] * w->re[k];
        }
    }
    tr_fft256_inverse(&sum, frame);
    memcpy(echo, frame + POINTS - BLOCK, BLOCK * sizeof *echo);
}

static float mean_square(const float *samples, int n)
{
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += samples[i] * samples[i];
    return sum / (float)n;
}

/* ---- learning ---- */

/* Blocks in a row for which something held; a line may stay off hook for a year. */
static int run_length(int run, int holds)
{
    return !holds ? 0 : run < LONGEST_RUN ? run + 1 : run;
}

/* A filter that knows nothing yet may learn from a tone: there is nothing to spoil (test 7). */
static int may_learn(tr_echo *ec)
{
    int narrow = tr_echo_is_narrow(&ec->ring[ec->newest]);
    ec->narrow_run = run_length(ec->narrow_run, narrow);
    ec->wide_run = run_length(ec->wide_run, !narrow);
    return ec->adapt && (ec->narrow_run < NARROW_BLOCKS || !ec->proved) &&
           mean_square(ec->far, POINTS) > far_lowest;
}

static void error_spectrum(const float error[BLOCK], tr_spectrum *spectrum)
{
    float frame[POINTS] = {0};
    memcpy(frame + POINTS - BLOCK, error, BLOCK * sizeof *error);
    tr_fft256_forward(frame, spectrum);
}

static void track_error(tr_echo *ec, const tr_spectrum *e)
{
    for (int k = 0; k < BINS; k++) {
        float power = e->re[k] * e->re[k] + e->im[k] * e->im[k];
        ec->error_power[k] += error_track * (power - ec->error_power[k]);
    }
}

/* What the partitions of one block have in common, per bin. */
typedef struct {
    float inverse[BINS]; /* of what every step is divided by */
    float lowest[BINS];  /* uncertainty that the present error leaves in any case */
} step_scale;

static void scale_step(const tr_echo *ec, step_scale *scale)
{
    float weighted[BINS] = {0}, plain[BINS] = {0};
    for (int p = 0; p < ec->partitions; p++) {
        const tr_spectrum *x = far_spectrum(ec, p);
        const float *u = ec->uncertainty[p];
        for (int k = 0; k < BINS; k++) {
            float power = x->re[k] * x->re[k] + x->im[k] * x->im[k];
            weighted[k] += u[k] * power;
            plain[k] += power;
        }
    }
    for (int k = 0; k < BINS; k++) {
        float error = (ec->error_power[k] + error_lowest) / block_share;
        float lowest = doubt_share * error / (plain[k] + error_lowest);
        scale->inverse[k] = 1.0f / (weighted[k] + error);
        scale->lowest[k] = lowest < first_uncertainty ? lowest : first_uncertainty;
    }
}

static void step_partition(tr_echo *ec, int p, const tr_spectrum *e, const step_scale *scale)
{
    const tr_spectrum *x = far_spectrum(ec, p);
    tr_spectrum *w = &ec->back[p];
    float *u = ec->uncertainty[p];
    for (int k = 0; k < BINS; k++) {
        float gain = u[k] * scale->inverse[k];
        float power = x->re[k] * x->re[k] + x->im[k] * x->im[k];
        w->re[k] += gain * (x->re[k] * e->re[k] + x->im[k] * e->im[k]);
        w->im[k] += gain * (x->re[k] * e->im[k] - x->im[k] * e->re[k]);
        float size = w->re[k] * w->re[k] + w->im[k] * w->im[k];
        float left = (1.0f - drift) * (1.0f - block_share * gain * power) * u[k] + drift * size;
        u[k] = left > scale->lowest[k] ? left : scale->lowest[k];
    }
}

/* A partition has TAPS taps: what circular convolution put behind them is taken out. */
static void trim_taps(tr_spectrum *filter)
{
    float taps[POINTS];
    tr_fft256_inverse(filter, taps);
    memset(taps + TAPS, 0, (POINTS - TAPS) * sizeof *taps);
    tr_fft256_forward(taps, filter);
}

static void learn(tr_echo *ec, const float error[BLOCK])
{
    tr_spectrum e;
    step_scale scale;
    error_spectrum(error, &e);
    track_error(ec, &e);
    scale_step(ec, &scale);
    for (int p = 0; p < ec->partitions; p++)
        step_partition(ec, p, &e, &scale);
    trim_taps(&ec->back[ec->constrained]);
    ec->constrained = (ec->constrained + 1) % ec->partitions;
}

/* ---- which filter is heard ---- */

static void copy_filter(const tr_echo *ec, tr_spectrum *to, const tr_spectrum *from)
{
    memcpy(to, from, (size_t)ec->partitions * sizeof *to);
}

/* Poor cancellation is double talk or a changed path. The background tries the latter: made
 * uncertain, it learns a new path quickly, and in double talk nobody hears what it learns. */
static void try_new_path(tr_echo *ec)
{
    int poor = ec->fore_energy > poor_share * ec->near_energy;
    ec->poor_run = run_length(ec->poor_run, poor);
    int good = ec->fore_energy < 0.5f * poor_share * ec->near_energy;
    ec->proved |= good && ec->wide_run > WIDE_BLOCKS;
    if (ec->trial_pause > 0)
        ec->trial_pause--;
    if (ec->poor_run < POOR_BLOCKS || ec->trial_pause > 0)
        return;
    doubt(ec);
    ec->trial_pause = TRIAL_PAUSE;
}

static void forget_filters(tr_echo *ec)
{
    memset(ec->fore, 0, 2 * (size_t)ec->partitions * sizeof *ec->fore);
    doubt(ec);
    ec->proved = 0;
    ec->trial_pause = TRIAL_PAUSE;
    ec->fore_energy = ec->back_energy = ec->near_energy;
    ec->fore_slow = ec->back_slow = ec->near_energy;
    tr_echo_nlp_distrust(&ec->nlp);
}

/* A foreground that adds power is forgotten, a background that has lost its way goes back. The
 * comparisons are so written that a number that is none counts as wrong. */
static void drop_wrong(tr_echo *ec)
{
    int settled = ec->trial_pause < TRIAL_PAUSE - POOR_BLOCKS;
    if (settled && !(ec->fore_energy <= worse_than_none * ec->near_energy)) {
        forget_filters(ec);
    } else if (!(ec->back_slow <= far_worse * ec->fore_slow)) {
        copy_filter(ec, ec->back, ec->fore);
        ec->back_energy = ec->fore_energy;
        ec->back_slow = ec->fore_slow;
    }
}

static void promote_background(tr_echo *ec)
{
    if (ec->back_energy < 0.1f * ec->fore_energy)
        tr_echo_nlp_distrust(&ec->nlp);
    copy_filter(ec, ec->fore, ec->back);
    ec->fore_energy = ec->back_energy;
    ec->fore_slow = ec->back_slow;
}

/* 1: the background is better and was copied forward. Mean squares of this block. */
static int compare_filters(tr_echo *ec, float fore, float back, float near)
{
    ec->near_energy += energy_track * (near - ec->near_energy);
    ec->fore_energy += energy_track * (fore - ec->fore_energy);
    ec->back_energy += energy_track * (back - ec->back_energy);
    ec->fore_slow += slow_track * (fore - ec->fore_slow);
    ec->back_slow += slow_track * (back - ec->back_slow);
    float needed = ec->proved && ec->trial_pause > 0 ? clearly_better : better;
    if (ec->back_energy < needed * ec->fore_energy && back < fore) {
        promote_background(ec);
        return 1;
    }
    drop_wrong(ec);
    try_new_path(ec);
    return 0;
}

static void measure(tr_echo *ec, float near, float left)
{
    const float track = 0.02f; /* half a second */
    float far = mean_square(ec->far, POINTS);
    if (far < far_lowest)
        return;
    ec->far_mean += track * (far - ec->far_mean);
    ec->near_mean += track * (near - ec->near_mean);
    ec->left_mean += track * (left - ec->left_mean);
}

static void output(const float *from, int16_t *out)
{
    for (int i = 0; i < BLOCK; i++) {
        float value = from[i] < -32768.0f ? -32768.0f : from[i] > 32767.0f ? 32767.0f : from[i];
        out[i] = (int16_t)lrintf(value);
    }
}

static void subtract(const int16_t *near, const float *echo, float *error)
{
    for (int i = 0; i < BLOCK; i++)
        error[i] = (float)near[i] - echo[i];
}

/* The block in which the filters change fades from the old one's result to the new one's. */
static void cross_fade(float *fore, const float *back)
{
    for (int i = 0; i < BLOCK; i++)
        fore[i] += (back[i] - fore[i]) * (float)(i + 1) / BLOCK;
}

void tr_echo_process(tr_echo *ec, const int16_t *far_ref, const int16_t *near, int16_t *out,
                     size_t n)
{
    float echo[BLOCK], back_echo[BLOCK], left[BLOCK], error[BLOCK], heard[BLOCK];
    if (n != BLOCK) {
        memmove(out, near, n * sizeof *out);
        return;
    }
    for (int i = 0; i < BLOCK; i++)
        heard[i] = near[i];
    take_far(ec, far_ref);
    estimate_echo(ec, ec->fore, echo);
    estimate_echo(ec, ec->back, back_echo);
    subtract(near, echo, left);
    subtract(near, back_echo, error);
    float near_power = mean_square(heard, BLOCK);
    if (may_learn(ec)) {
        learn(ec, error);
        if (compare_filters(ec, mean_square(left, BLOCK), mean_square(error, BLOCK), near_power)) {
            cross_fade(left, error);
            memcpy(echo, back_echo, sizeof echo);
        }
    }
    measure(ec, near_power, mean_square(left, BLOCK));
    if (ec->nlp_on) {
        tr_spectrum spectrum;
        error_spectrum(left, &spectrum);
        tr_echo_nlp_process(&ec->nlp, left, echo, &spectrum,
                            mean_square(ec->far, POINTS) > far_lowest);
    }
    output(left, out);
}

static float decibels(float upper, float lower)
{
    if (upper <= 0.0f || lower <= 0.0f)
        return 0.0f;
    return fminf(fmaxf(10.0f * log10f(upper / lower), 0.0f), 60.0f);
}

void tr_echo_stats(const tr_echo *ec, tr_echo_report *report)
{
    report->erl_db = decibels(ec->far_mean, ec->near_mean);
    report->erle_db = decibels(ec->near_mean, ec->left_mean);
}
