/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event ring and the snapshot: order, limits, two threads. */
#include <pthread.h>

#include "check.h"
#include "ring.h"
#include "snapshot.h"

static void keeps_order_and_limits(void)
{
    tr_ring ring;
    int value = 0;
    CHECK(tr_ring_init(&ring, 4, sizeof(int)) == 0);
    CHECK(!tr_ring_pop(&ring, &value));
    for (int i = 0; i < 4; i++)
        CHECK(tr_ring_push(&ring, &i));
    CHECK(!tr_ring_push(&ring, &value));
    CHECK(tr_ring_count(&ring) == 4);
    for (int i = 0; i < 4; i++)
        CHECK(tr_ring_pop(&ring, &value) && value == i);
    tr_ring_free(&ring);
}

static void wraps_around(void)
{
    tr_ring ring;
    int16_t in[5], out[8], next = 0, expected = 0;
    CHECK(tr_ring_init(&ring, 8, sizeof(int16_t)) == 0);
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < 5; i++)
            in[i] = next++;
        CHECK(tr_ring_write(&ring, in, 5) == 5);
        CHECK(tr_ring_read(&ring, out, 8) == 5);
        for (int i = 0; i < 5; i++)
            CHECK(out[i] == expected++);
    }
    CHECK(tr_ring_write(&ring, out, 8) == 8 && tr_ring_write(&ring, in, 5) == 0);
    tr_ring_free(&ring);
}

enum { MANY = 200000 };

static void *produce(void *user)
{
    for (uint32_t i = 0; i < MANY;)
        i += (uint32_t)tr_ring_push(user, &i);
    return NULL;
}

static void crosses_threads(void)
{
    tr_ring ring;
    pthread_t thread;
    uint32_t value, expected = 0;
    CHECK(tr_ring_init(&ring, 64, sizeof(uint32_t)) == 0);
    pthread_create(&thread, NULL, produce, &ring);
    while (expected < MANY)
        if (tr_ring_pop(&ring, &value))
            CHECK(value == expected++);
    pthread_join(thread, NULL);
    tr_ring_free(&ring);
}

static void *publish(void *user)
{
    for (uint64_t i = 1; i <= MANY; i++) {
        uint64_t words[8] = {i, i, i, i, i, i, i, i};
        tr_snapshot_write(user, words, sizeof(words));
    }
    return NULL;
}

static void snapshots_are_whole(void)
{
    static tr_snapshot snapshot;
    pthread_t thread;
    uint64_t words[8] = {0};
    pthread_create(&thread, NULL, publish, &snapshot);
    while (words[0] < MANY) {
        tr_snapshot_read(&snapshot, words, sizeof(words));
        for (int i = 1; i < 8; i++)
            CHECK(words[i] == words[0]);
    }
    pthread_join(thread, NULL);
}

CHECK_MAIN(TEST(keeps_order_and_limits), TEST(wraps_around), TEST(crosses_threads),
           TEST(snapshots_are_whole))
