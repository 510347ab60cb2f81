/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cadence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fft256.h"
#include "mix.h"

enum {
    PER_MS = TR_SAMPLE_RATE / 1000,
    SHORTEST = 80 * PER_MS, LONGEST = 1000 * PER_MS, /* of bursts and pauses */
    LATE = 4 * TR_TICK_SAMPLES, /* until a limit is seen to be passed */
    ROUNDS = 4,
    FIRST_WINDOW = 4,   /* index of the first tick at whose end 256 samples of burst are there */
    LINES = 1,          /* bins on each side: with the Hann window 98 % of a frequency at least */
    APART = 3,          /* bins between two frequencies; closer ones are one wide line */
    LOW_BIN = 4,        /* below 125 Hz is the mains */
    FIRST_BIN = 6, LAST_BIN = 22,
    BINS = TR_FFT_POINTS / 2,
    HISTORY = TR_FFT_POINTS + TR_TICK_SAMPLES,
};
#define LOWEST_DBM0 (-42.0)
#define FALL 0.16            /* -8 dB: from burst to pause, and back */
#define STEADY 2.0           /* 3 dB each way within a burst: two frequencies beat */
#define SAME_LEVEL 1.6       /* 2 dB from burst to burst */
#define CLEAN 0.85           /* of the energy in the frequencies: 8 dB above noise */
#define SECOND 0.1           /* of the energy in the weaker frequency */
#define LOWEST_HZ 195.0
#define HIGHEST_HZ 660.0     /* 620 is the highest in use; 697 is a key's */
#define SAME_HZ 5.0
#define SAME_LENGTH 0.04
#define SAME_SAMPLES (8.0 * PER_MS)
#define REACH (10.0 * PER_MS) /* slack of the limits */
#define EARLY (20.0 * PER_MS) /* the last pause counts before the next burst may begin */
#define OURS_OVER_PAUSE 4.0  /* our own sound has the cadence too */
#define OURS_OVER_ECHO 2.0   /* and is loud enough for an echo: 3 dB of return loss at least */

enum { QUIET, SOUNDING, PAUSING };
enum { IN_PAUSE, IN_BURST };

struct tr_cadence {
    int16_t history[HISTORY];
    double energy[3];  /* of the last ticks, newest first */
    int state;
    int ticks;         /* in this state; of a burst: index of the newest */
    /* the burst */
    double edge;       /* energy before its second tick */
    double sum;        /* energy of all of it */
    double middle;     /* energy of the ticks that it fills */
    int middle_ticks;
    double power[BINS];
    int windows;       /* in `power` */
    double began;      /* sample */
    double second_tick; /* sample */
    /* the rounds that agree */
    int rounds;
    int told;          /* rounds at the last report */
    double on, period; /* samples, mean; period 0: only one burst so far */
    double loudness;   /* energy of a tick of the last burst's middle */
    double hz[2];
    double since;      /* sample */
    double sent[2];    /* energy that we sent in the pauses, in the bursts */
    int sent_ticks[2];
};

static float hann[TR_FFT_POINTS];
static double lowest_energy; /* of a tick */

__attribute__((constructor)) static void fill_constants(void)
{
    for (int i = 0; i < TR_FFT_POINTS; i++)
        hann[i] = (float)(0.5 - 0.5 * cos(2.0 * M_PI * i / TR_FFT_POINTS));
    double one = pow(10.0, tr_mix_dbm0(1.0) / 10.0);
    lowest_energy = TR_TICK_SAMPLES * pow(10.0, LOWEST_DBM0 / 10.0) / one;
}

static void forget(tr_cadence *c)
{
    c->state = QUIET;
    c->rounds = 0;
}

tr_cadence *tr_cadence_create(void)
{
    return calloc(1, sizeof(tr_cadence));
}

void tr_cadence_destroy(tr_cadence *cadence)
{
    free(cadence);
}

/* ---- frequencies ---- */

/* 256 samples up to the end of the tick before this one. */
static void add_window(tr_cadence *c)
{
    float windowed[TR_FFT_POINTS];
    tr_spectrum spectrum;
    for (int i = 0; i < TR_FFT_POINTS; i++)
        windowed[i] = hann[i] * c->history[i];
    tr_fft256_forward(windowed, &spectrum);
    for (int k = LOW_BIN; k < BINS; k++)
        c->power[k] += (double)(spectrum.re[k] * spectrum.re[k] + spectrum.im[k] * spectrum.im[k]);
    c->windows++;
}

static int strongest(const double *power)
{
    int best = FIRST_BIN;
    for (int k = FIRST_BIN; k <= LAST_BIN; k++)
        if (power[k] > power[best])
            best = k;
    return best;
}

/* Exact for one frequency under the Hann window. */
static double frequency_at(const double *power, int k)
{
    int side = power[k + 1] > power[k - 1] ? 1 : -1;
    double ratio = sqrt(power[k + side] / (power[k] + 1e-9));
    double offset = (2.0 * ratio - 1.0) / (ratio + 1.0);
    return (k + side * offset) * TR_SAMPLE_RATE / TR_FFT_POINTS;
}

static double take_line(double *power, int k)
{
    double energy = 0.0;
    for (int i = k - LINES; i <= k + LINES; i++) {
        energy += power[i];
        power[i] = 0.0;
    }
    return energy;
}

/* The one or two frequencies that hold the burst's energy, lower first; 0 when they do not. */
static int find_frequencies(const tr_cadence *c, double hz[2])
{
    double rest[BINS], total = 1e-9;
    memcpy(rest, c->power, sizeof(rest));
    for (int k = LOW_BIN; k < BINS; k++)
        total += rest[k];
    int first = strongest(rest);
    double held = take_line(rest, first);
    int second = strongest(rest);
    double more = take_line(rest, second);
    int two = more >= SECOND * total && abs(second - first) >= APART;
    hz[0] = frequency_at(c->power, two && second < first ? second : first);
    hz[1] = !two ? 0.0 : frequency_at(c->power, second < first ? first : second);
    return held + (two ? more : 0.0) >= CLEAN * total && hz[0] >= LOWEST_HZ &&
           fmax(hz[0], hz[1]) <= HIGHEST_HZ;
}

/* ---- rounds ---- */

static int same_length(double one, double mean)
{
    return fabs(one - mean) <= fmax(SAME_SAMPLES, SAME_LENGTH * mean);
}

static int fits(double samples)
{
    return samples >= SHORTEST - REACH && samples <= LONGEST + REACH;
}

static int agrees(const tr_cadence *c, double on, double period, const double hz[2], double loudness)
{
    int same_hz = fabs(hz[0] - c->hz[0]) <= SAME_HZ && fabs(hz[1] - c->hz[1]) <= SAME_HZ;
    int same_level = loudness < c->loudness * SAME_LEVEL && loudness > c->loudness / SAME_LEVEL;
    return same_hz && same_level && same_length(on, c->on) && fits(period - on) &&
           (c->rounds == 1 || same_length(period, c->period));
}

static void begin_rounds(tr_cadence *c, double on, const double hz[2])
{
    c->rounds = 1;
    c->told = 0;
    c->on = on;
    c->period = 0.0;
    memcpy(c->hz, hz, sizeof(c->hz));
    c->since = c->began;
    memset(c->sent, 0, sizeof(c->sent));
    memset(c->sent_ticks, 0, sizeof(c->sent_ticks));
}

static void add_round(tr_cadence *c, double on, double period, const double hz[2])
{
    c->on += (on - c->on) / (c->rounds + 1);
    c->period += (period - c->period) / c->rounds;
    for (int i = 0; i < 2; i++)
        c->hz[i] += (hz[i] - c->hz[i]) / (c->rounds + 1);
    c->rounds++;
}

static void end_burst(tr_cadence *c)
{
    double hz[2], last = c->began;
    double loudness = c->middle_ticks ? c->middle / c->middle_ticks : 1e-9;
    double on = (c->sum + c->energy[0]) / loudness * TR_TICK_SAMPLES;
    if (!c->windows || !fits(on) || !find_frequencies(c, hz)) {
        forget(c);
        return;
    }
    c->began = c->second_tick - c->edge / loudness * TR_TICK_SAMPLES;
    if (c->rounds > 0 && agrees(c, on, c->began - last, hz, loudness))
        add_round(c, on, c->began - last, hz);
    else
        begin_rounds(c, on, hz);
    c->loudness = loudness;
    c->state = PAUSING;
    c->ticks = 0;
}

/* ---- ticks ---- */

static void note_sent(tr_cadence *c, int when, double energy)
{
    c->sent[when] += energy;
    c->sent_ticks[when]++;
}

static void begin_burst(tr_cadence *c, int64_t sample)
{
    c->state = SOUNDING;
    c->ticks = 0;
    c->edge = c->sum = c->energy[1] + c->energy[0];
    c->middle = 0.0;
    c->middle_ticks = 0;
    memset(c->power, 0, sizeof(c->power));
    c->windows = 0;
    c->second_tick = (double)sample;
}

/* The tick before this one was inside the burst. */
static int add_middle(tr_cadence *c)
{
    double mean = c->middle_ticks ? c->middle / c->middle_ticks : c->energy[1];
    c->middle += c->energy[1];
    c->middle_ticks++;
    if (c->ticks - 1 >= FIRST_WINDOW)
        add_window(c);
    return c->energy[1] <= mean * STEADY && c->energy[1] >= mean / STEADY;
}

static void while_sounding(tr_cadence *c, double sent_energy)
{
    double mean = c->middle_ticks ? c->middle / c->middle_ticks : c->energy[1];
    c->ticks++;
    note_sent(c, IN_BURST, sent_energy);
    if (c->energy[0] < FALL * mean) {
        end_burst(c);
        return;
    }
    c->sum += c->energy[0];
    if (c->ticks * TR_TICK_SAMPLES > LONGEST + LATE ||
        (c->ticks >= 2 && !add_middle(c)))
        forget(c);
}

static int is_ours(const tr_cadence *c)
{
    double pause = c->sent[IN_PAUSE] / (c->sent_ticks[IN_PAUSE] + 1);
    double burst = c->sent[IN_BURST] / (c->sent_ticks[IN_BURST] + 1);
    return burst > OURS_OVER_PAUSE * pause && burst > OURS_OVER_ECHO * c->loudness;
}

static int tell(tr_cadence *c, tr_cadence_figures *found)
{
    found->frequency_hz[0] = c->hz[0];
    found->frequency_hz[1] = c->hz[1];
    found->on_ms = (int32_t)lround(c->on / PER_MS);
    found->off_ms = (int32_t)lround((c->period - c->on) / PER_MS);
    found->rounds = c->told = c->rounds;
    found->since_sample = (int64_t)c->since;
    return !is_ours(c);
}

static int while_pausing(tr_cadence *c, int64_t sample, double sent_energy,
                         tr_cadence_figures *found)
{
    c->ticks++;
    note_sent(c, IN_PAUSE, sent_energy);
    if (c->energy[0] >= FALL * c->loudness)
        begin_burst(c, sample);
    else if (c->ticks * TR_TICK_SAMPLES > LONGEST + LATE)
        forget(c);
    else if (c->rounds >= c->told + ROUNDS && (double)sample - c->began >= c->period - EARLY)
        return tell(c, found);
    return 0;
}

static void take(tr_cadence *c, const int16_t *samples)
{
    memmove(c->history, c->history + TR_TICK_SAMPLES,
            (HISTORY - TR_TICK_SAMPLES) * sizeof(int16_t));
    memcpy(c->history + HISTORY - TR_TICK_SAMPLES, samples,
           TR_TICK_SAMPLES * sizeof(int16_t));
    c->energy[2] = c->energy[1];
    c->energy[1] = c->energy[0];
    c->energy[0] = tr_mix_energy(samples, TR_TICK_SAMPLES);
}

int tr_cadence_feed(tr_cadence *cadence, const int16_t samples[TR_TICK_SAMPLES], int64_t sample,
                    double sent_energy, tr_cadence_figures *found)
{
    take(cadence, samples);
    if (cadence->state == PAUSING)
        return while_pausing(cadence, sample, sent_energy, found);
    if (cadence->state == SOUNDING)
        while_sounding(cadence, sent_energy);
    else if (cadence->energy[0] >= lowest_energy && cadence->energy[0] * FALL >= cadence->energy[2])
        begin_burst(cadence, sample);
    return 0;
}

int tr_cadence_sounds(const tr_cadence *cadence)
{
    double hz[2];
    return cadence->state == SOUNDING && cadence->windows > 0 && find_frequencies(cadence, hz);
}
