/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A structure of 8-byte members that one thread publishes and another reads whole, without a lock
 * (a sequence lock over atomic words). The writer never waits; the reader tries again while a
 * write is under way. Words are released and acquired one by one: a reader that saw a new word also
 * sees the odd turn that went before it.
 */
#ifndef TIPRING_SNAPSHOT_H
#define TIPRING_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TR_SNAPSHOT_WORDS = 16 };

typedef struct {
    _Atomic uint32_t turn; /* odd while being written */
    _Atomic uint64_t words[TR_SNAPSHOT_WORDS];
} tr_snapshot;

/* size: a multiple of 8, at most TR_SNAPSHOT_WORDS * 8. Writer's thread. */
static inline void tr_snapshot_write(tr_snapshot *snapshot, const void *data, size_t size)
{
    uint32_t turn = atomic_load_explicit(&snapshot->turn, memory_order_relaxed);
    atomic_store_explicit(&snapshot->turn, turn + 1, memory_order_relaxed);
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)data + 8 * i, 8);
        atomic_store_explicit(&snapshot->words[i], word, memory_order_release);
    }
    atomic_store_explicit(&snapshot->turn, turn + 2, memory_order_release);
}

/* Any other thread. */
static inline void tr_snapshot_read(tr_snapshot *snapshot, void *data, size_t size)
{
    uint32_t before, after;
    do {
        before = atomic_load_explicit(&snapshot->turn, memory_order_acquire);
        for (size_t i = 0; i < size / 8; i++) {
            uint64_t word = atomic_load_explicit(&snapshot->words[i], memory_order_acquire);
            memcpy((uint8_t *)data + 8 * i, &word, 8);
        }
        after = atomic_load_explicit(&snapshot->turn, memory_order_relaxed);
    } while (before != after || before & 1);
}

#endif
