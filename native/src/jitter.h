/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adaptive jitter buffer of one RTP leg, with concealment of what is missing.
 *
 * Decoded audio is put at its RTP timestamp; every tick 80 samples are taken. The delay follows
 * the arrival times (20..200 ms unless set), and changes only in silence or by leaving out or
 * repeating one pitch period with a cross-fade. Clock drift against the sender is absorbed the same way.
 * Reordered, doubled, late, wrapped and restarted streams are its daily bread.
 * One thread at a time per state (the engine's). Nothing is allocated after create.
 */
#ifndef TIPRING_JITTER_H
#define TIPRING_JITTER_H

#include <stddef.h>
#include <stdint.h>

enum { TR_JITTER_BLOCK = 80, TR_JITTER_MAX_PACKET = 960 }; /* samples: 10 ms; 120 ms */

typedef struct tr_jitter tr_jitter;

typedef enum {
    TR_JITTER_IDLE = 0,      /* no stream: the block is silence */
    TR_JITTER_PLAYED = 1,    /* every sample arrived */
    TR_JITTER_CONCEALED = 2, /* some or all of the block was made up */
} tr_jitter_result;

typedef enum {
    TR_JITTER_TAKEN = 0,
    TR_JITTER_LATE = 1,      /* its time to be played has passed */
    TR_JITTER_DUPLICATE = 2,
    TR_JITTER_RESTARTED = 3, /* taken; timestamps jumped, the buffer began afresh */
    TR_JITTER_REFUSED = 4,   /* empty or longer than TR_JITTER_MAX_PACKET */
} tr_jitter_put_result;

typedef struct {
    uint64_t received;          /* packets put, of every kind */
    uint64_t late;              /* packets too late to be played */
    uint64_t duplicate;
    uint64_t lost;              /* packets missing by sequence number, when they were due */
    uint64_t restarts;
    uint64_t played_samples;
    uint64_t concealed_samples; /* made up inside a stream (not in idle time) */
    uint64_t inserted_samples;  /* added to grow the delay or to absorb drift */
    uint64_t dropped_samples;   /* left out to shrink the delay or to absorb drift */
    uint32_t delay_samples;     /* wait of a packet that came as fast as any in the last 10 s */
    uint32_t target_samples;    /* what the delay is being brought to */
    uint32_t jitter_samples;    /* interarrival jitter of RFC 3550, 6.4.1 */
} tr_jitter_report;

/* Delay limits in ms, 10..500, min <= max. Null when out of memory or range. */
tr_jitter *tr_jitter_create(int min_ms, int max_ms);
void tr_jitter_destroy(tr_jitter *jb);

/* Forget the stream (new sender, new SSRC); counters stay. */
void tr_jitter_reset(tr_jitter *jb);

/* One packet. `now` is the engine's sample count at its arrival (8,000 a second). */
tr_jitter_put_result tr_jitter_put(tr_jitter *jb, uint16_t seq, uint32_t ts, const int16_t *pcm,
                                   size_t n, uint64_t now);

/* The next 80 samples; call once a tick. `now` is the engine's sample count of this tick. */
tr_jitter_result tr_jitter_get(tr_jitter *jb, int16_t out[TR_JITTER_BLOCK], uint64_t now);

void tr_jitter_stats(const tr_jitter *jb, tr_jitter_report *report);

#endif
