/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include <stdlib.h>
#include <string.h>

int tr_ring_init(tr_ring *ring, uint32_t capacity, size_t item_size)
{
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    ring->capacity = capacity;
    ring->item_size = item_size;
    ring->items = calloc(capacity, item_size);
    return ring->items ? 0 : -1;
}

void tr_ring_free(tr_ring *ring)
{
    free(ring->items);
    ring->items = NULL;
}

/* Indices run free and wrap at 2^32, so full and empty never look alike. */
static uint32_t at(const tr_ring *ring, uint32_t index)
{
    return index & (ring->capacity - 1);
}

static void copy_in(tr_ring *ring, uint32_t index, const uint8_t *items, uint32_t n)
{
    uint32_t start = at(ring, index);
    uint32_t first = n < ring->capacity - start ? n : ring->capacity - start;
    memcpy(ring->items + start * ring->item_size, items, first * ring->item_size);
    memcpy(ring->items, items + first * ring->item_size, (n - first) * ring->item_size);
}

static void copy_out(tr_ring *ring, uint32_t index, uint8_t *items, uint32_t n)
{
    uint32_t start = at(ring, index);
    uint32_t first = n < ring->capacity - start ? n : ring->capacity - start;
    memcpy(items, ring->items + start * ring->item_size, first * ring->item_size);
    memcpy(items + first * ring->item_size, ring->items, (n - first) * ring->item_size);
}

uint32_t tr_ring_write(tr_ring *ring, const void *items, uint32_t n)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint32_t room = ring->capacity - (head - tail);
    if (n > room)
        n = room;
    copy_in(ring, head, items, n);
    atomic_store_explicit(&ring->head, head + n, memory_order_release);
    return n;
}

uint32_t tr_ring_read(tr_ring *ring, void *items, uint32_t n)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (n > head - tail)
        n = head - tail;
    copy_out(ring, tail, items, n);
    atomic_store_explicit(&ring->tail, tail + n, memory_order_release);
    return n;
}

int tr_ring_push(tr_ring *ring, const void *item)
{
    return tr_ring_write(ring, item, 1) == 1;
}

int tr_ring_pop(tr_ring *ring, void *item)
{
    return tr_ring_read(ring, item, 1) == 1;
}

uint32_t tr_ring_count(tr_ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_acquire) -
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}
