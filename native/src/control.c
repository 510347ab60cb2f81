/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control thread's side of the engine: life, events, figures, and what it gets back.
 */
#include "control.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

enum {
    ORDERS = 1024,
    EVENTS = 2048,
    /* every open leg may hand back itself, a play, its inserts, a detector and its settings */
    RETURNED = 16384,
    WRITER_EVENTS = 1024,
    BUSY_MS = 1000,
};

_Static_assert(sizeof(tr_stats) <= TR_SNAPSHOT_WORDS * 8, "snapshot holds the engine's figures");
_Static_assert(sizeof(tr_leg_stats) <= TR_SNAPSHOT_WORDS * 8, "snapshot holds a leg's figures");
_Static_assert(RETURNED >= TR_MAX_LEGS * (TR_MAX_INSERTS + 4), "every leg's objects fit");
_Static_assert((int)TR_TICK_SAMPLES == (int)TR_ECHO_BLOCK, "echo canceller works tick by tick");
_Static_assert((int)TR_TICK_SAMPLES == (int)TR_JITTER_BLOCK, "jitter buffer gives a tick");

/* ---- shared by the control thread's files ---- */

int tr_control_fail(tr_engine *engine, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(engine->error, sizeof(engine->error), format, arguments);
    va_end(arguments);
    return code;
}

tr_port *tr_control_find(tr_engine *engine, int32_t leg)
{
    for (int i = 0; i < engine->leg_count; i++)
        if (engine->legs[i]->leg == leg)
            return engine->legs[i];
    tr_control_fail(engine, TR_ERR_NO_LEG, "Leg %d is not open.", leg);
    return NULL;
}

static void take_back(const tr_return *item)
{
    if (item->kind == TR_RETURN_INSERT && item->port)
        item->port->inserts_waiting--;
    if (item->kind == TR_RETURN_PORT)
        tr_port_destroy(item->object);
    else if (item->kind == TR_RETURN_PLAYER || item->kind == TR_RETURN_INSERT)
        tr_player_destroy(item->object);
    else if (item->kind == TR_RETURN_DETECTOR)
        tr_detector_destroy(item->object);
    else
        free(item->object);
}

/* A port comes back after everything that was in it: its inserts are counted while it lives. */
void tr_control_collect(tr_engine *engine)
{
    tr_return item;
    while (tr_ring_pop(&engine->returned, &item))
        take_back(&item);
}

int tr_control_send(tr_engine *engine, int32_t kind, tr_port *port, void *object, uint32_t value)
{
    const struct timespec one_ms = {0, 1000000};
    tr_order order = {.kind = kind, .value = value, .port = port, .object = object};
    for (int i = 0; i < BUSY_MS; i++) {
        tr_control_collect(engine);
        if (tr_ring_push(&engine->orders, &order))
            return TR_OK;
        nanosleep(&one_ms, NULL);
    }
    return tr_control_fail(engine, TR_ERR_BUSY, "The media engine does not take orders.");
}

const char *tr_last_error(const tr_engine *engine)
{
    return engine->error;
}

/* ---- events ---- */

static void wake(tr_engine *engine)
{
    const uint64_t one = 1;
    if (write(engine->event_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: the reader has been told often enough */
}

static void post_from_writer(void *user, const tr_event *event)
{
    tr_engine *engine = user;
    const struct timespec ten_ms = {0, 10000000};
    while (!tr_ring_push(&engine->writer_events, event)) {
        wake(engine);
        if (atomic_load(&engine->stop))
            return; /* nobody will take it any more */
        nanosleep(&ten_ms, NULL);
    }
    wake(engine);
}

static int take(tr_engine *engine, tr_event *event)
{
    return tr_ring_pop(&engine->events, event) || tr_ring_pop(&engine->writer_events, event);
}

int tr_event_fd(const tr_engine *engine)
{
    return engine->event_fd;
}

int tr_take_event(tr_engine *engine, tr_event *event)
{
    uint64_t count;
    tr_control_collect(engine);
    if (take(engine, event))
        return 1;
    /* Clear the descriptor first, then look again: what comes in between is not overlooked. */
    if (read(engine->event_fd, &count, sizeof(count)) < 0)
        return 0;
    return take(engine, event);
}

int tr_read_stats(tr_engine *engine, tr_stats *stats)
{
    tr_snapshot_read(&engine->snapshot, stats, sizeof(*stats));
    return TR_OK;
}

/* ---- life ---- */

static int make_rings(tr_engine *engine)
{
    return tr_ring_init(&engine->orders, ORDERS, sizeof(tr_order)) < 0 ||
                   tr_ring_init(&engine->returned, RETURNED, sizeof(tr_return)) < 0 ||
                   tr_ring_init(&engine->events, EVENTS, sizeof(tr_event)) < 0 ||
                   tr_ring_init(&engine->writer_events, WRITER_EVENTS, sizeof(tr_event)) < 0
               ? -1
               : 0;
}

static void free_all(tr_engine *engine)
{
    for (int i = 0; i < TR_MAX_CHANNELS; i++)
        tr_echo_destroy(engine->echoes[i]);
    tr_ring_free(&engine->orders);
    tr_ring_free(&engine->returned);
    tr_ring_free(&engine->events);
    tr_ring_free(&engine->writer_events);
    if (engine->event_fd >= 0)
        close(engine->event_fd);
    free(engine);
}

static tr_engine *refuse(tr_engine *engine, char *error, size_t size, const char *sentence)
{
    if (engine && engine->writer)
        tr_writer_destroy(engine->writer);
    if (engine)
        free_all(engine);
    snprintf(error, size, "%s", sentence);
    return NULL;
}

static int set_addresses(tr_engine *engine, const char *host, uint16_t low, uint16_t high)
{
    engine->port_low = engine->next_port = (uint16_t)(low + (low & 1));
    engine->port_high = high;
    return inet_pton(AF_INET, host, &engine->rtp_address) == 1 &&
           ((low == 0 && high == 0) || (low >= 1024 && high > low));
}

tr_engine *tr_engine_create(const char *rtp_host, uint16_t port_low, uint16_t port_high,
                            char *error, size_t error_size)
{
    tr_engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return refuse(NULL, error, error_size, "There is no memory for the media engine.");
    engine->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (engine->event_fd < 0 || make_rings(engine) < 0)
        return refuse(engine, error, error_size, "There is no memory for the media engine.");
    if (!set_addresses(engine, rtp_host, port_low, port_high))
        return refuse(engine, error, error_size,
                      "The RTP address must be a numeric IPv4 address, its ports 1024 to 65535 with "
                      "the lower first.");
    engine->writer = tr_writer_create(post_from_writer, engine);
    if (!engine->writer ||
        tr_thread_start(&engine->thread, "tipring-engine", tr_engine_thread, engine) != 0)
        return refuse(engine, error, error_size, "The media engine's threads cannot be started.");
    return engine;
}

void tr_engine_destroy(tr_engine *engine)
{
    if (!engine)
        return;
    atomic_store(&engine->stop, 1);
    pthread_join(engine->thread, NULL);
    tr_control_close_all(engine);
    tr_writer_destroy(engine->writer);
    tr_card_destroy(atomic_load(&engine->card_made));
    free_all(engine);
}

int tr_start_card(tr_engine *engine, const char *device, int32_t channels)
{
    if (channels < 1 || channels > TR_MAX_CHANNELS)
        return tr_control_fail(engine, TR_ERR_ARGUMENT, "A card has 1 to %d channels, not %d.",
                               TR_MAX_CHANNELS, channels);
    if (atomic_load(&engine->card_made))
        return tr_control_fail(engine, TR_ERR_EXISTS, "The card's sound stream is already in use.");
    tr_card *card = tr_card_create(device, channels);
    if (!card)
        return tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory for the card's sound.");
    atomic_store_explicit(&engine->card_made, card, memory_order_release);
    return TR_OK;
}
