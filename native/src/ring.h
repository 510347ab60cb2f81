/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single-producer, single-consumer ring of fixed-size items. Wait-free on both sides; nothing is
 * allocated after init. One thread pushes, one thread pops.
 */
#ifndef TIPRING_RING_H
#define TIPRING_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    _Atomic uint32_t head; /* next to write: producer's */
    _Atomic uint32_t tail; /* next to read: consumer's */
    uint32_t capacity;     /* a power of two */
    size_t item_size;
    uint8_t *items;
} tr_ring;

/* 0, or -1 when out of memory. capacity must be a power of two. */
int tr_ring_init(tr_ring *ring, uint32_t capacity, size_t item_size);
void tr_ring_free(tr_ring *ring);

/* 1, or 0 when the ring is full. Producer thread. */
int tr_ring_push(tr_ring *ring, const void *item);

/* 1, or 0 when the ring is empty. Consumer thread. */
int tr_ring_pop(tr_ring *ring, void *item);

/* Many items at once: how many went in or out, 0..n. */
uint32_t tr_ring_write(tr_ring *ring, const void *items, uint32_t n);
uint32_t tr_ring_read(tr_ring *ring, void *items, uint32_t n);

uint32_t tr_ring_count(tr_ring *ring);

#endif
