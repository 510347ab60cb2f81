/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What: evens out the arrival of one RTP stream.
 *
 * How: samples lie in a ring at their timestamps. A packet's *transit* is its arrival time minus
 * its timestamp; the playing point runs at an *offset* behind the clock, and a packet is in time
 * when its transit is not above the offset. The wanted offset is the 99 % point of the transits
 * of the last 10 s, so sender's drift simply moves it. Where the buffer runs dry the playing point waits
 * (the packet may be late, not lost): if it was lost after all, the wait is taken off the gap.
 * The offset follows the wanted one in silence, or by leaving out or repeating one pitch period.
 */
#include "jitter.h"

#include "jitter_delay.h"
#include "plc.h"

#include <stdlib.h>
#include <string.h>

enum {
    RING = 8192,             /* samples: 1 s of timestamps, a power of two */
    RING_MASK = RING - 1,
    KEEP_PLAYED = 256,       /* a repeated pitch period goes back at most this far */
    MS = 8,                  /* samples */
    GROW_SLACK = 24,         /* 3 ms short before it grows: less is not worth a splice */
    SHRINK_SLACK = 80,       /* 10 ms too much before it shrinks */
    SPLICE_PAUSE = 640,      /* 80 ms between splices, so that none is heard as a stutter */
    IDLE_AFTER = 4000,       /* 500 ms dry: the sender is silent, begin afresh with the next packet */
    STRAY_RUN = 2,           /* packets in a row elsewhere on the time line before we go there */
    URGENT = 400,            /* 50 ms off: splice even where the two ends are not alike */
    SILENT_LEVEL = 60,       /* mean magnitude under about -50 dBm0 counts as silence */
};

struct tr_jitter {
    int16_t ring[RING];
    uint8_t valid[RING];
    int started;
    uint32_t play_ts;        /* next sample to play */
    uint32_t newest_end;     /* behind the newest sample received */
    uint32_t clear_ts;       /* samples before this one are no longer valid */
    uint32_t begin_ts;       /* first sample of the stream; silence until then */
    uint32_t held;           /* samples concealed while dry, the playing point waiting */
    uint32_t dry;            /* samples since anything real was played */
    uint32_t since_splice;
    int stray_run;
    uint16_t stray_seq;
    tr_jitter_delay wait;
    uint32_t delay;          /* as reported */
    int have_seq;
    uint16_t highest_seq;
    uint64_t expected, unique;
    tr_plc plc;
    tr_jitter_report counts;
};

tr_jitter *tr_jitter_create(int min_ms, int max_ms)
{
    if (min_ms < 10 || max_ms < min_ms || max_ms > 500)
        return NULL;
    tr_jitter *jb = calloc(1, sizeof *jb);
    if (!jb)
        return NULL;
    jb->wait.min_samples = min_ms * MS;
    jb->wait.max_samples = max_ms * MS;
    return jb;
}

void tr_jitter_destroy(tr_jitter *jb)
{
    free(jb);
}

void tr_jitter_reset(tr_jitter *jb)
{
    memset(jb->valid, 0, sizeof jb->valid);
    tr_jitter_delay_reset(&jb->wait);
    tr_plc_reset(&jb->plc);
    jb->started = jb->have_seq = jb->stray_run = 0;
    jb->held = jb->dry = 0;
}

static void note_sequence(tr_jitter *jb, uint16_t seq)
{
    int16_t ahead = (int16_t)(seq - jb->highest_seq);
    if (!jb->have_seq || ahead > 3000 || ahead < -3000) { /* RFC 3550 A.1: MAX_DROPOUT */
        jb->have_seq = 1;
        jb->highest_seq = seq;
        jb->expected++;
    } else if (ahead > 0) {
        jb->expected += (uint64_t)ahead;
        jb->highest_seq = seq;
    }
    jb->unique++;
}

/* ---- putting ---- */

static void begin(tr_jitter *jb, uint32_t ts, uint32_t now)
{
    memset(jb->valid, 0, sizeof jb->valid);
    jb->play_ts = now - jb->wait.target;
    jb->newest_end = jb->begin_ts = ts;
    jb->clear_ts = jb->play_ts - KEEP_PLAYED;
    jb->held = jb->dry = 0;
    jb->since_splice = SPLICE_PAUSE;
    jb->started = 1;
}

static int fits_the_ring(const tr_jitter *jb, uint32_t ts, size_t n)
{
    int32_t ahead = (int32_t)(ts + (uint32_t)n - jb->play_ts);
    return ahead > -RING && ahead < RING - 2 * KEEP_PLAYED;
}

/* Copies what is still to be played; returns how many samples were new. */
static size_t store(tr_jitter *jb, uint32_t ts, const int16_t *pcm, size_t n)
{
    size_t fresh = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t at = ts + (uint32_t)i;
        if ((int32_t)(at - jb->play_ts) < 0 || jb->valid[at & RING_MASK])
            continue;
        jb->ring[at & RING_MASK] = pcm[i];
        jb->valid[at & RING_MASK] = 1;
        fresh++;
    }
    if ((int32_t)(ts + (uint32_t)n - jb->newest_end) > 0)
        jb->newest_end = ts + (uint32_t)n;
    return fresh;
}

static int is_stray(tr_jitter *jb, uint16_t seq, uint32_t ts, size_t n)
{
    if (fits_the_ring(jb, ts, n)) {
        jb->stray_run = 0;
        return 0;
    }
    jb->stray_run = jb->stray_run && seq == jb->stray_seq ? jb->stray_run + 1 : 1;
    jb->stray_seq = (uint16_t)(seq + 1);
    return 1;
}

static tr_jitter_put_result put_first(tr_jitter *jb, uint16_t seq, uint32_t ts,
                                      const int16_t *pcm, size_t n, uint32_t now)
{
    int restarted = jb->started;
    if (restarted)
        tr_jitter_delay_reset(&jb->wait);
    tr_jitter_delay_begin(&jb->wait, now - ts);
    note_sequence(jb, seq);
    begin(jb, ts, now);
    store(jb, ts, pcm, n);
    jb->counts.restarts += (uint64_t)restarted;
    return restarted ? TR_JITTER_RESTARTED : TR_JITTER_TAKEN;
}

tr_jitter_put_result tr_jitter_put(tr_jitter *jb, uint16_t seq, uint32_t ts, const int16_t *pcm,
                                   size_t n, uint64_t now)
{
    if (n == 0 || n > TR_JITTER_MAX_PACKET)
        return TR_JITTER_REFUSED;
    jb->counts.received++;
    if (!jb->started)
        return put_first(jb, seq, ts, pcm, n, (uint32_t)now);
    if (is_stray(jb, seq, ts, n)) {
        if (jb->stray_run >= STRAY_RUN)
            return put_first(jb, seq, ts, pcm, n, (uint32_t)now);
        jb->counts.late++;
        return TR_JITTER_LATE;
    }
    int overdue = (int32_t)(ts + (uint32_t)n - jb->play_ts) <= 0;
    size_t fresh = store(jb, ts, pcm, n);
    if (fresh == 0 && !overdue) {
        jb->counts.duplicate++;
        return TR_JITTER_DUPLICATE;
    }
    tr_jitter_delay_note(&jb->wait, (uint32_t)now - ts);
    note_sequence(jb, seq);
    jb->counts.late += (uint64_t)overdue;
    return overdue ? TR_JITTER_LATE : TR_JITTER_TAKEN;
}

/* ---- getting ---- */

static size_t valid_run(const tr_jitter *jb, uint32_t ts, size_t limit)
{
    size_t run = 0;
    while (run < limit && jb->valid[(ts + run) & RING_MASK])
        run++;
    return run;
}

static size_t gap_run(const tr_jitter *jb, uint32_t ts, size_t limit)
{
    size_t run = 0;
    while (run < limit && !jb->valid[(ts + run) & RING_MASK])
        run++;
    return run;
}

static void copy_out(const tr_jitter *jb, uint32_t ts, int16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = jb->ring[(ts + i) & RING_MASK];
}

static void advance(tr_jitter *jb, int32_t samples)
{
    jb->play_ts += (uint32_t)samples;
    while ((int32_t)(jb->play_ts - KEEP_PLAYED - jb->clear_ts) > 0)
        jb->valid[jb->clear_ts++ & RING_MASK] = 0;
}

static int is_silent(const int16_t *pcm, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += pcm[i] < 0 ? -pcm[i] : pcm[i];
    return sum < SILENT_LEVEL * (int)n;
}

static void cross_fade(int16_t *out, const int16_t *from, const int16_t *to)
{
    for (int i = 0; i < TR_JITTER_BLOCK; i++) {
        int weight = 2 * i + 1;
        int sum = from[i] * (2 * TR_JITTER_BLOCK - weight) + to[i] * weight;
        out[i] = (int16_t)(sum / (2 * TR_JITTER_BLOCK));
    }
}

/* Two stretches one period apart may be cross-faded when they are alike. */
static int alike(const int16_t *a, const int16_t *b)
{
    int64_t product = 0, energy = 1;
    for (int i = 0; i < TR_JITTER_BLOCK; i++) {
        product += a[i] * b[i];
        energy += ((int64_t)a[i] * a[i] + (int64_t)b[i] * b[i]) / 2;
    }
    return 10 * product > 6 * energy;
}

/* Leave out one period (direction +1) or repeat one (-1) inside the next block. */
static int splice(tr_jitter *jb, int16_t *out, int direction, int urgent)
{
    int16_t around[TR_PLC_HISTORY + TR_JITTER_BLOCK + TR_PLC_PITCH_MAX];
    size_t ahead = TR_JITTER_BLOCK + (direction > 0 ? TR_PLC_PITCH_MAX : 0);
    if (valid_run(jb, jb->play_ts, ahead) < ahead)
        return 0;
    memcpy(around, jb->plc.history, sizeof jb->plc.history);
    int16_t *next = around + TR_PLC_HISTORY;
    copy_out(jb, jb->play_ts, next, ahead);
    int period = tr_plc_find_pitch(around, TR_PLC_HISTORY + ahead);
    const int16_t *other = next + direction * period;
    if (!urgent && !is_silent(next, ahead) && !alike(next, other))
        return 0;
    cross_fade(out, next, other);
    advance(jb, TR_JITTER_BLOCK + direction * period);
    jb->since_splice = 0;
    *(direction > 0 ? &jb->counts.dropped_samples : &jb->counts.inserted_samples) +=
        (uint64_t)period;
    return 1;
}

static int follow_target(tr_jitter *jb, int16_t *out, uint32_t now)
{
    int32_t excess = (int32_t)(now - jb->play_ts - jb->wait.target);
    if (jb->since_splice < SPLICE_PAUSE)
        return 0;
    if (excess > SHRINK_SLACK)
        return splice(jb, out, 1, excess > URGENT);
    if (excess < -GROW_SLACK)
        return splice(jb, out, -1, excess < -URGENT);
    return 0;
}

/* Nothing at the playing point and nothing behind it: wait, or give up after IDLE_AFTER. */
static tr_jitter_result run_dry(tr_jitter *jb, int16_t *out, uint32_t now)
{
    tr_plc_lost(&jb->plc, out, TR_JITTER_BLOCK);
    jb->dry += TR_JITTER_BLOCK;
    if (jb->dry >= IDLE_AFTER) {
        jb->started = 0;
        return TR_JITTER_IDLE;
    }
    jb->counts.concealed_samples += TR_JITTER_BLOCK;
    if ((int32_t)(now + TR_JITTER_BLOCK - jb->play_ts - jb->wait.base) <= jb->wait.max_samples)
        jb->held += TR_JITTER_BLOCK;
    else
        advance(jb, TR_JITTER_BLOCK);
    return TR_JITTER_CONCEALED;
}

/* The wait while dry was for a lost packet after all: take it off the gap it left. */
static void settle_wait(tr_jitter *jb)
{
    uint32_t gap = (uint32_t)gap_run(jb, jb->play_ts, jb->held);
    advance(jb, (int32_t)gap);
    jb->counts.inserted_samples += jb->held - gap;
    jb->held = 0;
}

/* Samples of the block before the stream's first one. */
static size_t lead_in(const tr_jitter *jb)
{
    int32_t before = (int32_t)(jb->begin_ts - jb->play_ts);
    return before <= 0 ? 0 : before > TR_JITTER_BLOCK ? TR_JITTER_BLOCK : (size_t)before;
}

/* Fills the block from the ring; returns how many samples had to be made up. */
static size_t fill(tr_jitter *jb, int16_t *out)
{
    size_t done = 0, concealed = 0;
    while (done < TR_JITTER_BLOCK) {
        uint32_t at = jb->play_ts + (uint32_t)done;
        size_t run = valid_run(jb, at, TR_JITTER_BLOCK - done);
        copy_out(jb, at, out + done, run);
        if (run)
            tr_plc_good(&jb->plc, out + done, run);
        size_t gap = gap_run(jb, at + (uint32_t)run, TR_JITTER_BLOCK - done - run);
        if (gap)
            tr_plc_lost(&jb->plc, out + done + run, gap);
        done += run + gap;
        concealed += gap;
    }
    return concealed;
}

static tr_jitter_result play(tr_jitter *jb, int16_t *out)
{
    size_t early = lead_in(jb);
    size_t concealed = fill(jb, out);
    advance(jb, TR_JITTER_BLOCK);
    jb->dry = concealed == TR_JITTER_BLOCK ? jb->dry + TR_JITTER_BLOCK : 0;
    jb->counts.played_samples += TR_JITTER_BLOCK - concealed;
    if (early == TR_JITTER_BLOCK)
        return TR_JITTER_IDLE;
    concealed = concealed > early ? concealed - early : 0;
    jb->counts.concealed_samples += concealed;
    return concealed ? TR_JITTER_CONCEALED : TR_JITTER_PLAYED;
}

/* Far more delay than allowed (the clock or the network jumped): no splice would catch up. */
static void skip_excess(tr_jitter *jb, uint32_t now)
{
    int32_t excess = (int32_t)(now - jb->play_ts - jb->wait.base) - jb->wait.max_samples;
    if (excess <= jb->wait.max_samples / 2 + TR_JITTER_BLOCK)
        return;
    int32_t skipped = (int32_t)(now - jb->play_ts - jb->wait.target);
    advance(jb, skipped);
    jb->counts.dropped_samples += (uint64_t)skipped;
}

static tr_jitter_result get_started(tr_jitter *jb, int16_t *out, uint32_t now)
{
    if ((int32_t)(jb->newest_end - jb->play_ts) <= 0)
        return run_dry(jb, out, now);
    if (jb->held)
        settle_wait(jb);
    if (!follow_target(jb, out, now))
        return play(jb, out);
    tr_plc_good(&jb->plc, out, TR_JITTER_BLOCK);
    jb->counts.played_samples += TR_JITTER_BLOCK;
    jb->dry = 0;
    return TR_JITTER_PLAYED;
}

tr_jitter_result tr_jitter_get(tr_jitter *jb, int16_t out[TR_JITTER_BLOCK], uint64_t now)
{
    if (!jb->started) {
        memset(out, 0, TR_JITTER_BLOCK * sizeof *out);
        return TR_JITTER_IDLE;
    }
    jb->since_splice += TR_JITTER_BLOCK;
    skip_excess(jb, (uint32_t)now);
    int32_t delay = (int32_t)((uint32_t)now - jb->play_ts - jb->wait.base);
    jb->delay = delay < 0 ? 0 : (uint32_t)delay;
    return get_started(jb, out, (uint32_t)now);
}

void tr_jitter_stats(const tr_jitter *jb, tr_jitter_report *report)
{
    *report = jb->counts;
    report->lost = jb->expected > jb->unique ? jb->expected - jb->unique : 0;
    report->jitter_samples = jb->wait.jitter_q4 >> 4;
    report->target_samples = jb->started ? jb->wait.target - jb->wait.base : 0;
    report->delay_samples = jb->started ? jb->delay : 0;
}
