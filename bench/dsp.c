/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor time of the core's codecs and echo canceller, beside other libraries of the machine.
 *
 * Prints "nanoseconds name" a line: per sample, the best of ROUNDS, since what else ran can only
 * add. Peers: libspandsp's A-law, and libspeexdsp's canceller with the same block and tail (that
 * one is linear only, ours includes non-linear processor and comfort noise). libspandsp's own
 * canceller is left out: Debian's build prints two lines of text for each sample.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <spandsp.h>

#include "echo.h"
#include "g711.h"

enum { ROUNDS = 7, SAMPLES = 80 * 2000, TAIL_MS = 32, BLOCK = TR_ECHO_BLOCK };

static int16_t linear[SAMPLES], near[SAMPLES], out[SAMPLES];
static uint8_t coded[SAMPLES];
static volatile int sink;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void report(const char *name, void (*run)(void))
{
    double best = 1e18;
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_ns();
        run();
        double took = (now_ns() - start) / SAMPLES;
        if (took < best)
            best = took;
    }
    printf("%.3f %s\n", best, name);
}

static void alaw_encode(void)
{
    tr_alaw_encode(linear, coded, SAMPLES);
    sink = coded[1];
}

static void alaw_decode(void)
{
    tr_alaw_decode(coded, out, SAMPLES);
    sink = out[1];
}

static void ulaw_encode(void)
{
    tr_ulaw_encode(linear, coded, SAMPLES);
    sink = coded[1];
}

static void ulaw_decode(void)
{
    tr_ulaw_decode(coded, out, SAMPLES);
    sink = out[1];
}

static void spandsp_alaw_encode(void)
{
    for (int i = 0; i < SAMPLES; i++)
        coded[i] = linear_to_alaw(linear[i]);
    sink = coded[1];
}

static void spandsp_alaw_decode(void)
{
    for (int i = 0; i < SAMPLES; i++)
        out[i] = alaw_to_linear(coded[i]);
    sink = out[1];
}

static void echo(void)
{
    tr_echo *ec = tr_echo_create(TAIL_MS);
    for (int i = 0; i < SAMPLES; i += BLOCK)
        tr_echo_process(ec, linear + i, near + i, out + i, BLOCK);
    sink = out[1];
    tr_echo_destroy(ec);
}

/* libspeexdsp is found at run time: it comes with baresip, its headers do not. */
static void *(*speex_init)(int, int);
static void (*speex_cancel)(void *, const int16_t *, const int16_t *, int16_t *);
static void (*speex_destroy)(void *);

static void speex_echo(void)
{
    void *ec = speex_init(BLOCK, TAIL_MS * 8);
    for (int i = 0; i < SAMPLES; i += BLOCK)
        speex_cancel(ec, near + i, linear + i, out + i);
    sink = out[1];
    speex_destroy(ec);
}

static int find_speex(void)
{
    void *library = dlopen("libspeexdsp.so.1", RTLD_NOW);
    if (!library)
        return 0;
    *(void **)&speex_init = dlsym(library, "speex_echo_state_init");
    *(void **)&speex_cancel = dlsym(library, "speex_echo_cancellation");
    *(void **)&speex_destroy = dlsym(library, "speex_echo_state_destroy");
    return speex_init && speex_cancel && speex_destroy;
}

static void make_sound(void)
{
    unsigned seed = 1;
    for (int i = 0; i < SAMPLES; i++) {
        seed = seed * 1664525u + 1013904223u;
        linear[i] = (int16_t)((int)(seed >> 18) - 8192);
        near[i] = (int16_t)(i < 40 ? 0 : linear[i - 12] / 4 - linear[i - 37] / 8);
    }
}

int main(void)
{
    make_sound();
    report("A-law encoder", alaw_encode);
    report("A-law decoder", alaw_decode);
    report("mu-law encoder", ulaw_encode);
    report("mu-law decoder", ulaw_decode);
    report("echo canceller, 32 ms", echo);
    report("spandsp A-law encoder", spandsp_alaw_encode);
    report("spandsp A-law decoder", spandsp_alaw_decode);
    if (find_speex())
        report("speexdsp echo canceller, 32 ms", speex_echo);
    return 0;
}
