/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The echo canceller under the sanitizers; quality is tested in tests/native/test_echo.py. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "echo.h"
#include "fft256.h"

enum { BLOCK = TR_ECHO_BLOCK, PATH = 200 };

static unsigned seed = 1;
static int16_t far_past[PATH];

static int noise(int size)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)(seed >> 16) * size / 32768 - size;
}

/* A hybrid: some strong early taps and a decaying rest, about 9 dB of return loss. */
static int16_t echo_of(int16_t sample)
{
    memmove(far_past + 1, far_past, sizeof far_past - sizeof *far_past);
    far_past[0] = sample;
    float sum = 0.25f * far_past[12] - 0.15f * far_past[20] + 0.1f * far_past[37];
    for (int i = 40; i < PATH; i += 7)
        sum += 0.05f * expf(-(float)i / 60.0f) * far_past[i];
    return (int16_t)lrintf(sum);
}

static double energy(const int16_t *block)
{
    double sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += (double)block[i] * block[i];
    return sum;
}

/* Some seconds of far noise with this near end; ERLE of the last half second in dB. */
static double run(tr_echo *ec, double seconds, int far_size, int near_size)
{
    double echo_sum = 1, left_sum = 1;
    int blocks = (int)(seconds * 100);
    for (int block = 0; block < blocks; block++) {
        int16_t far_ref[BLOCK], near[BLOCK], out[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            far_ref[i] = (int16_t)noise(far_size);
            near[i] = (int16_t)(echo_of(far_ref[i]) + noise(near_size));
        }
        tr_echo_process(ec, far_ref, near, out, BLOCK);
        if (block >= blocks - 50) {
            echo_sum += energy(near);
            left_sum += energy(out);
        }
    }
    return 10 * log10(echo_sum / left_sum);
}

static void noise_is_cancelled_at_every_tail(void)
{
    for (int tail_ms = 32; tail_ms <= 128; tail_ms *= 2) {
        tr_echo *ec = tr_echo_create(tail_ms);
        tr_echo_report report;
        tr_echo_set_nlp(ec, 0);
        CHECK(run(ec, 3, 8000, 1) > 40);
        tr_echo_stats(ec, &report);
        CHECK(report.erl_db > 5 && report.erl_db < 15 && report.erle_db > 30);
        tr_echo_reset(ec);
        tr_echo_stats(ec, &report);
        CHECK(report.erle_db == 0);
        tr_echo_destroy(ec);
    }
}

static void double_talk_does_not_mislead(void)
{
    tr_echo *ec = tr_echo_create(32);
    tr_echo_set_nlp(ec, 0);
    run(ec, 3, 8000, 1);
    run(ec, 3, 8000, 8000);
    CHECK(run(ec, 0.5, 8000, 1) > 25);
    tr_echo_destroy(ec);
}

static void a_frozen_filter_stays(void)
{
    tr_echo *ec = tr_echo_create(32);
    tr_echo_set_nlp(ec, 0);
    tr_echo_set_adapt(ec, 0);
    CHECK(fabs(run(ec, 1, 8000, 1)) < 0.01);
    tr_echo_destroy(ec);
}

/* Square waves at full scale, silence, and far and near that have nothing in common. */
static void extremes_stay_finite(void)
{
    tr_echo *ec = tr_echo_create(64);
    for (int block = 0; block < 3000; block++) {
        int16_t far_ref[BLOCK], near[BLOCK];
        int kind = block / 100 % 5;
        for (int i = 0; i < BLOCK; i++) {
            far_ref[i] = kind == 0 ? (i % 8 < 4 ? 32767 : -32768) : kind == 1 ? 0 : INT16_MIN;
            near[i] = kind == 2 ? 0 : kind == 3 ? INT16_MAX : (int16_t)noise(32000);
        }
        tr_echo_process(ec, far_ref, near, near, BLOCK);
    }
    CHECK(run(ec, 4, 8000, 1) > 25);
    tr_echo_destroy(ec);
}

static void other_lengths_pass_unchanged(void)
{
    tr_echo *ec = tr_echo_create(32);
    int16_t near[81], out[81] = {0};
    for (int i = 0; i < 81; i++)
        near[i] = (int16_t)i;
    tr_echo_process(ec, near, near, out, 81);
    CHECK(memcmp(near, out, sizeof near) == 0);
    tr_echo_destroy(ec);
    tr_echo_destroy(NULL);
    CHECK(!tr_echo_create(7) && !tr_echo_create(200) && !tr_echo_create(-1));
}

static void transform_and_back(void)
{
    float in[TR_FFT_POINTS], out[TR_FFT_POINTS];
    tr_spectrum spectrum;
    for (int i = 0; i < TR_FFT_POINTS; i++)
        in[i] = (float)noise(30000);
    tr_fft256_forward(in, &spectrum);
    tr_fft256_inverse(&spectrum, out);
    for (int i = 0; i < TR_FFT_POINTS; i++)
        CHECK(fabsf(in[i] - out[i]) < 0.05f);
    for (int k = 0; k <= TR_FFT_POINTS / 2; k += 13) {
        double re = 0, im = 0;
        for (int i = 0; i < TR_FFT_POINTS; i++) {
            double angle = 2 * 3.14159265358979 * i * k / TR_FFT_POINTS;
            re += in[i] * cos(angle);
            im -= in[i] * sin(angle);
        }
        CHECK(fabs(re - spectrum.re[k]) < 1 && fabs(im - spectrum.im[k]) < 1);
    }
}

CHECK_MAIN(TEST(noise_is_cancelled_at_every_tail), TEST(double_talk_does_not_mislead),
           TEST(a_frozen_filter_stays), TEST(extremes_stay_finite),
           TEST(other_lengths_pass_unchanged), TEST(transform_and_back))
