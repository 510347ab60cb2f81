/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The jitter buffer under the sanitizers: a steady stream, a wild one, and a long drifting one. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "jitter.h"

enum { PACKET = 160, BLOCK = TR_JITTER_BLOCK };

static unsigned seed = 1;

static unsigned chance(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void put_ramp(tr_jitter *jb, uint32_t n, uint64_t now)
{
    int16_t pcm[PACKET];
    for (uint32_t i = 0; i < PACKET; i++)
        pcm[i] = (int16_t)((n * PACKET + i) % 20000);
    CHECK(tr_jitter_put(jb, (uint16_t)n, n * PACKET, pcm, PACKET, now) == TR_JITTER_TAKEN);
}

static void a_steady_stream_is_not_touched(void)
{
    tr_jitter *jb = tr_jitter_create(20, 200);
    int16_t out[BLOCK], last = -1;
    int played = 0;
    for (uint32_t tick = 0; tick < 10000; tick++) {
        if (tick % 2 == 0)
            put_ramp(jb, tick / 2, tick * BLOCK);
        if (tr_jitter_get(jb, out, tick * BLOCK) == TR_JITTER_PLAYED && ++played > 2)
            for (int i = 0; i < BLOCK; last = out[i++])
                CHECK(out[i] == (last + 1) % 20000 || played == 3);
    }
    tr_jitter_report report;
    tr_jitter_stats(jb, &report);
    CHECK(report.lost == 0 && report.late == 0 && report.concealed_samples == 0);
    CHECK(report.delay_samples == 160 && played > 9990);
    tr_jitter_destroy(jb);
}

static void a_wild_stream_does_no_harm(void)
{
    tr_jitter *jb = tr_jitter_create(20, 200);
    int16_t out[BLOCK];
    uint64_t now = 0;
    for (int round = 0; round < 300000; round++) {
        size_t n = chance(20) ? PACKET : chance(TR_JITTER_MAX_PACKET + 2);
        int16_t *pcm = malloc((n ? n : 1) * sizeof *pcm);
        for (size_t i = 0; i < n; i++)
            pcm[i] = (int16_t)(chance(65536) - 32768u);
        uint32_t era = (uint32_t)round / 5000 * 1000003u; /* the sender begins afresh now and then */
        uint32_t ts = chance(50) ? (uint32_t)now + era + chance(4000) - 2000u : seed;
        tr_jitter_put(jb, (uint16_t)(chance(9) ? (unsigned)round : seed), ts, pcm, n, now);
        free(pcm);
        now += chance(100) ? BLOCK : chance(100000);
        tr_jitter_get(jb, out, now);
    }
    tr_jitter_report report;
    tr_jitter_stats(jb, &report);
    CHECK(report.received > 290000 && report.restarts > 0 && report.late > 0);
    tr_jitter_reset(jb);
    CHECK(tr_jitter_get(jb, out, now) == TR_JITTER_IDLE);
    tr_jitter_destroy(jb);
}

/* A sender 200 ppm too fast for three hours: the buffer neither fills nor runs dry. */
static void drift_for_hours(void)
{
    tr_jitter *jb = tr_jitter_create(20, 200);
    int16_t out[BLOCK];
    uint32_t sent = 0;
    for (uint64_t tick = 0; tick < 3 * 360000; tick++) {
        while ((uint64_t)sent * PACKET * 9998 / 10000 <= tick * BLOCK)
            put_ramp(jb, sent++, tick * BLOCK);
        tr_jitter_get(jb, out, tick * BLOCK);
    }
    tr_jitter_report report;
    tr_jitter_stats(jb, &report);
    CHECK(report.late == 0 && report.lost == 0 && report.restarts == 0);
    CHECK(report.delay_samples <= 300);
    CHECK(report.dropped_samples > 16000 && report.dropped_samples < 19000);
    CHECK(report.concealed_samples < 800);
    tr_jitter_destroy(jb);
}

static void limits_are_checked(void)
{
    CHECK(!tr_jitter_create(9, 100) && !tr_jitter_create(30, 20) && !tr_jitter_create(20, 501));
    tr_jitter_destroy(NULL);
}

CHECK_MAIN(TEST(a_steady_stream_is_not_touched), TEST(a_wild_stream_does_no_harm),
           TEST(drift_for_hours), TEST(limits_are_checked))
