/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a jitter buffer should wait, from the arrival times of the last ten seconds.
 *
 * Times are offsets: arrival minus timestamp, samples modulo 2^32. Part of jitter.c.
 */
#ifndef TIPRING_JITTER_DELAY_H
#define TIPRING_JITTER_DELAY_H

#include <stdint.h>

enum {
    TR_DELAY_TRANSITS = 500, /* 10 s of 20 ms packets */
    TR_DELAY_BUCKET = 16,    /* samples of transit, 2 ms */
    TR_DELAY_BUCKETS = 512,  /* circular: +-512 ms around the newest transit */
};

typedef struct {
    int32_t min_samples, max_samples;
    uint16_t buckets[TR_DELAY_BUCKETS];
    uint16_t recent[TR_DELAY_TRANSITS]; /* bucket of each transit */
    int count, next;
    int packets_to_estimate;
    uint32_t last_transit;
    uint32_t jitter_q4; /* RFC 3550 A.8, sixteenths of a sample */
    uint32_t base;      /* transit of the fastest packets */
    uint32_t target;    /* offset at which 99 % are in time, within the limits */
} tr_jitter_delay;

void tr_jitter_delay_reset(tr_jitter_delay *delay);

/* A packet that came at `transit`. */
void tr_jitter_delay_note(tr_jitter_delay *delay, uint32_t transit);

/* A stream begins or goes on after a pause: what was learnt holds unless the time line moved. */
void tr_jitter_delay_begin(tr_jitter_delay *delay, uint32_t transit);

#endif
