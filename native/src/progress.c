/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <math.h>
#include <string.h>

#include "mix.h"

enum {
    TICK_MS = 10,
    SLACK_MS = 20,        /* window edges: a burst looks up to two ticks longer or shorter */
    GLITCH_TICKS = 3,     /* a drop-out or click this short changes nothing */
    LOUD_TICKS = 6,       /* something else this long in a pause: it was not our tone */
    CLOSE_HZ = 60,        /* frequencies closer than this need the long window */
};
#define TOGETHER 0.55     /* share of the energy: allows 20 Hz off, or 3 dB of noise */
#define EACH 0.12         /* share of the weaker of two frequencies: 6 dB of twist */
#define LOWEST_DBM0 (-42.0)
#define STEADY_DB 6.0     /* within a burst */
#define FALL_DB 8.0       /* from burst to pause */

enum { WAITING, SOUNDING, PAUSING, SPOILT };

/* ---- setting up ---- */

static int bin_of(tr_progress *progress, double hz)
{
    for (int i = 0; i < progress->bin_count; i++)
        if (progress->bins[i].hz == hz)
            return i;
    tr_progress_bin *bin = &progress->bins[progress->bin_count];
    double step = 2.0 * M_PI * hz / TR_SAMPLE_RATE;
    bin->hz = hz;
    for (int i = 0; i < TR_TICK_SAMPLES; i++) {
        bin->cosine[i] = (float)cos(step * i);
        bin->sine[i] = (float)-sin(step * i);
    }
    bin->turn_cos = (float)cos(step * TR_TICK_SAMPLES);
    bin->turn_sin = (float)sin(step * TR_TICK_SAMPLES);
    return progress->bin_count++;
}

static int template_fits(const tr_tone_template *want)
{
    int continuous = want->on_ms[1] == 0;
    for (int i = 0; i < 2; i++)
        if (want->frequency_hz[i] != 0.0 &&
            !(want->frequency_hz[i] >= 100.0 && want->frequency_hz[i] <= 3800.0))
            return 0;
    if (want->frequency_hz[0] == 0.0 || want->cycles < 1 || want->on_ms[0] > 60000)
        return 0;
    if (continuous)
        return want->off_ms[0] == 0 && want->off_ms[1] == 0;
    return want->on_ms[0] <= want->on_ms[1] && want->off_ms[0] <= want->off_ms[1] &&
           want->on_ms[1] <= 60000 && want->off_ms[1] <= 60000 && want->off_ms[1] > 0;
}

int tr_progress_init(tr_progress *progress, const tr_tone_template *templates, size_t count,
                     const char **why)
{
    memset(progress, 0, sizeof(*progress));
    *why = "A tone template has one or two frequencies of 100 to 3800 Hz, at least one cycle, and "
           "ranges of at most 60 s with the shorter time first; at most 16 a leg.";
    if (count > TR_MAX_TEMPLATES)
        return -1;
    for (size_t i = 0; i < count; i++) {
        tr_progress_template *t = &progress->templates[i];
        const double *hz = templates[i].frequency_hz;
        if (!template_fits(&templates[i]))
            return -1;
        t->want = templates[i];
        t->bin[0] = bin_of(progress, hz[0]);
        t->bin[1] = hz[1] != 0.0 ? bin_of(progress, hz[1]) : -1;
        t->window = t->bin[1] >= 0 && fabs(hz[0] - hz[1]) < CLOSE_HZ ? 4 : 2;
    }
    progress->count = (int)count;
    return 0;
}

/* ---- correlation ---- */

/* The partial sums of older ticks are turned by the frequency's phase, so that all add up as one
 * long correlation. */
static void correlate(tr_progress_bin *bin, const float *samples)
{
    float re = 0.0f, im = 0.0f;
    for (int i = 0; i < TR_TICK_SAMPLES; i++) {
        re += samples[i] * bin->cosine[i];
        im += samples[i] * bin->sine[i];
    }
    for (int i = TR_PROGRESS_WINDOW - 1; i > 0; i--) {
        float old_re = bin->re[i - 1], old_im = bin->im[i - 1];
        bin->re[i] = old_re * bin->turn_cos - old_im * bin->turn_sin;
        bin->im[i] = old_re * bin->turn_sin + old_im * bin->turn_cos;
    }
    bin->re[0] = re;
    bin->im[0] = im;
}

static double share(const tr_progress_bin *bin, int window, double energy)
{
    double re = 0.0, im = 0.0;
    for (int i = 0; i < window; i++) {
        re += (double)bin->re[i];
        im += (double)bin->im[i];
    }
    return 2.0 * (re * re + im * im) / (window * TR_TICK_SAMPLES * energy);
}

static double window_energy(const tr_progress *progress, int window)
{
    double energy = 1e-9;
    for (int i = 0; i < window; i++)
        energy += progress->energy[i];
    return energy;
}

static int is_there(const tr_progress *progress, const tr_progress_template *t, double *dbm0)
{
    double energy = window_energy(progress, t->window);
    *dbm0 = tr_mix_dbm0(energy / (t->window * TR_TICK_SAMPLES));
    if (*dbm0 < LOWEST_DBM0)
        return 0;
    double first = share(&progress->bins[t->bin[0]], t->window, energy);
    if (t->bin[1] < 0)
        return first >= TOGETHER;
    double second = share(&progress->bins[t->bin[1]], t->window, energy);
    return first + second >= TOGETHER && first >= EACH && second >= EACH;
}

/* ---- cadence ---- */

typedef struct {
    int64_t sample;
    tr_progress_report report;
    void *user;
} moment;

static void go(tr_progress_template *t, int state, int ticks)
{
    t->state = state;
    t->ticks = ticks;
    t->odd = 0;
    t->loud = 0;
    t->counted = 0;
}

static void give_up(tr_progress_template *t, int state, const moment *now)
{
    if (t->reported)
        now->report(now->user, TR_EVENT_TONE_ENDED, t->want.id, t->since);
    t->reported = 0;
    t->cycles = 0;
    go(t, state, 0);
}

static void found(tr_progress_template *t, const moment *now)
{
    if (!t->reported)
        now->report(now->user, TR_EVENT_TONE, t->want.id, t->since);
    t->reported = 1;
}

static int at_least(int ticks, uint32_t ms)
{
    return ticks * TICK_MS + SLACK_MS >= (int)ms;
}

static int at_most(int ticks, uint32_t ms)
{
    return ticks * TICK_MS <= (int)ms + SLACK_MS;
}

static void begin_burst(tr_progress_template *t, double dbm0, const moment *now)
{
    if (t->cycles == 0)
        t->since = now->sample - 2 * TR_TICK_SAMPLES;
    t->burst_dbm0 = dbm0;
    go(t, SOUNDING, 2);
}

static void while_waiting(tr_progress_template *t, int there, double dbm0, const moment *now)
{
    t->odd = there ? t->odd + 1 : 0;
    if (t->odd >= 2)
        begin_burst(t, dbm0, now);
}

static void end_burst(tr_progress_template *t, const moment *now)
{
    int ticks = t->ticks - GLITCH_TICKS;
    if (t->want.on_ms[1] == 0 || !at_least(ticks, t->want.on_ms[0]))
        give_up(t, WAITING, now);
    else
        go(t, PAUSING, GLITCH_TICKS);
}

static void while_sounding(tr_progress_template *t, int there, double dbm0, const moment *now)
{
    int steady = t->ticks < 4 || fabs(dbm0 - t->burst_dbm0) < STEADY_DB;
    t->ticks++;
    t->odd = there && steady ? 0 : t->odd + 1;
    if (t->odd == 0)
        t->burst_dbm0 += (dbm0 - t->burst_dbm0) * (t->ticks < 6 ? 0.5 : 0.1);
    if (t->odd >= GLITCH_TICKS)
        end_burst(t, now);
    else if (t->want.on_ms[1] && !at_most(t->ticks - t->odd, t->want.on_ms[1]))
        give_up(t, SPOILT, now);
    else if (!t->want.on_ms[1] && t->ticks * TICK_MS >= (int)t->want.on_ms[0])
        found(t, now);
}

/* A round counts as soon as its pause is long enough, so that a busy tone is known early. */
static void count_round(tr_progress_template *t, const moment *now)
{
    if (t->counted || !at_least(t->ticks - 2, t->want.off_ms[0]))
        return;
    t->counted = 1;
    if (++t->cycles >= t->want.cycles)
        found(t, now);
}

static void next_burst(tr_progress_template *t, double dbm0, const moment *now)
{
    if (!t->counted)
        give_up(t, WAITING, now);
    begin_burst(t, dbm0, now);
}

static void while_pausing(tr_progress_template *t, int there, double dbm0, const moment *now)
{
    int silent = dbm0 < t->burst_dbm0 - FALL_DB;
    t->ticks++;
    t->odd = there && !silent ? t->odd + 1 : 0;
    t->loud = there || silent || t->ticks <= GLITCH_TICKS + 2 ? 0 : t->loud + 1;
    count_round(t, now);
    if (t->odd >= 2)
        next_burst(t, dbm0, now);
    else if (t->loud >= LOUD_TICKS || !at_most(t->ticks, t->want.off_ms[1]))
        give_up(t, WAITING, now);
}

static void step(tr_progress_template *t, int there, double dbm0, const moment *now)
{
    if (t->state == WAITING)
        while_waiting(t, there, dbm0, now);
    else if (t->state == SOUNDING)
        while_sounding(t, there, dbm0, now);
    else if (t->state == PAUSING)
        while_pausing(t, there, dbm0, now);
    else if (!there && ++t->odd >= GLITCH_TICKS)
        go(t, WAITING, 0);
}

static void take_samples(tr_progress *progress, const int16_t *samples)
{
    float values[TR_TICK_SAMPLES];
    for (int i = 0; i < TR_TICK_SAMPLES; i++)
        values[i] = samples[i];
    for (int i = TR_PROGRESS_WINDOW - 1; i > 0; i--)
        progress->energy[i] = progress->energy[i - 1];
    progress->energy[0] = tr_mix_energy(samples, TR_TICK_SAMPLES);
    for (int i = 0; i < progress->bin_count; i++)
        correlate(&progress->bins[i], values);
}

int tr_progress_feed(tr_progress *progress, const int16_t samples[TR_TICK_SAMPLES], int64_t sample,
                     tr_progress_report report, void *user)
{
    moment now = {sample, report, user};
    int any = 0;
    if (progress->count == 0)
        return 0;
    take_samples(progress, samples);
    for (int i = 0; i < progress->count; i++) {
        double dbm0;
        int there = is_there(progress, &progress->templates[i], &dbm0);
        step(&progress->templates[i], there, dbm0, &now);
        any |= there;
    }
    return any;
}
