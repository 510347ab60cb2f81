/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrival statistics of a jitter buffer; see jitter_delay.h. */
#include "jitter_delay.h"

#include <string.h>

enum {
    BUCKET = TR_DELAY_BUCKET,
    BUCKETS = TR_DELAY_BUCKETS,
    LATE_PER_MILLE = 10, /* of packets may miss their time */
    ESTIMATE_EVERY = 8,  /* packets */
};

void tr_jitter_delay_reset(tr_jitter_delay *delay)
{
    memset(delay->buckets, 0, sizeof delay->buckets);
    delay->count = delay->next = 0;
    delay->packets_to_estimate = 0;
}

static void note_jitter(tr_jitter_delay *delay, uint32_t transit)
{
    if (delay->count > 0) {
        int32_t d = (int32_t)(transit - delay->last_transit);
        uint32_t size = (uint32_t)(d < 0 ? -d : d);
        delay->jitter_q4 += size - ((delay->jitter_q4 + 8) >> 4);
    }
    delay->last_transit = transit;
}

static void note_bucket(tr_jitter_delay *delay, uint16_t bucket)
{
    if (delay->count == TR_DELAY_TRANSITS)
        delay->buckets[delay->recent[delay->next]]--;
    else
        delay->count++;
    delay->buckets[bucket]++;
    delay->recent[delay->next] = bucket;
    delay->next = (delay->next + 1) % TR_DELAY_TRANSITS;
}

static int in_bucket(const tr_jitter_delay *delay, uint32_t centre, int distance)
{
    return delay->buckets[(centre + (uint32_t)distance) % BUCKETS];
}

static void estimate(tr_jitter_delay *delay)
{
    uint32_t centre = delay->last_transit / BUCKET;
    int allowed = delay->count * LATE_PER_MILLE / 1000;
    int top = BUCKETS / 2 - 1, bottom = -BUCKETS / 2;
    while (top > bottom && (allowed -= in_bucket(delay, centre, top)) >= 0)
        top--;
    while (bottom < top && in_bucket(delay, centre, bottom) == 0)
        bottom++;
    int32_t spread = (top + 1 - bottom) * BUCKET;
    spread = spread < delay->min_samples ? delay->min_samples : spread;
    spread = spread > delay->max_samples ? delay->max_samples : spread;
    delay->base = (centre + (uint32_t)bottom) * BUCKET;
    delay->target = delay->base + (uint32_t)spread;
}

void tr_jitter_delay_note(tr_jitter_delay *delay, uint32_t transit)
{
    note_jitter(delay, transit);
    note_bucket(delay, (uint16_t)(transit / BUCKET % BUCKETS));
    if (delay->packets_to_estimate-- > 0 && delay->count > ESTIMATE_EVERY)
        return;
    delay->packets_to_estimate = ESTIMATE_EVERY;
    estimate(delay);
}

void tr_jitter_delay_begin(tr_jitter_delay *delay, uint32_t transit)
{
    int32_t moved = (int32_t)(transit - delay->last_transit);
    if (moved > BUCKETS * BUCKET / 4 || moved < -BUCKETS * BUCKET / 4)
        tr_jitter_delay_reset(delay);
    delay->packets_to_estimate = 0;
    tr_jitter_delay_note(delay, transit);
}
