/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine thread: a tick every 10 ms, paced by the card's sound stream while that runs, by the
 * monotonic clock otherwise. Allocates nothing, waits for nobody but the clock and the card.
 */
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

enum {
    TICK_US = 10000,
    LATE_US = 2000,
    GIVE_UP_US = 500000,   /* behind by more: jump to now instead of catching up */
    CARD_STALL_US = 2000000,
    CARD_RUSH_US = 500000,    /* sound this far ahead of time: the device keeps none */
    CARD_BACKLOG_US = 2000000, /* what a device may make up for after a stop */
    CARD_BURST = 8,        /* blocks read at one waking, so that orders are still taken */
    REALTIME_PRIORITY = 60,
};

/* ---- towards the control thread ---- */

void tr_engine_post(tr_engine *engine, tr_event *event)
{
    event->at_sample = engine->sample;
    if (tr_ring_push(&engine->events, event))
        engine->events_posted = 1;
    else
        engine->stats.events_lost++;
}

void tr_engine_post_text(tr_engine *engine, int32_t kind, int32_t leg, int32_t id, const char *text)
{
    tr_event event = {.kind = kind, .leg = leg, .id = id};
    size_t length = strlen(text);
    event.length = (uint32_t)(length < TR_MAX_TEXT ? length : TR_MAX_TEXT);
    memcpy(event.data, text, event.length);
    tr_engine_post(engine, &event);
}

void tr_engine_return(tr_engine *engine, tr_return_kind kind, tr_port *port, void *object)
{
    tr_return item = {kind, port, object};
    tr_ring_push(&engine->returned, &item); /* sized for everything that can be out at once */
}

/* ---- orders ---- */

static void open_port(tr_engine *engine, tr_port *port)
{
    port->index = engine->port_count;
    engine->ports[engine->port_count++] = port;
}

static void close_port(tr_engine *engine, tr_port *port)
{
    tr_bridge_leave(port);
    tr_port_end_recording(port, TR_RECORD_CLOSED, 0);
    engine->ports[port->index] = engine->ports[--engine->port_count];
    engine->ports[port->index]->index = port->index;
    tr_engine_return(engine, TR_RETURN_PORT, port, port);
}

static void connect_port(tr_engine *engine, const tr_order *order)
{
    tr_rtp_leg_connect(order->port, order->object);
    tr_engine_return(engine, TR_RETURN_MEMORY, NULL, order->object);
}

static void join(tr_engine *engine, const tr_order *order)
{
    tr_bridge_join(engine, order->object);
    tr_engine_return(engine, TR_RETURN_MEMORY, NULL, order->object);
}

static void start_recording(tr_port *port, tr_recorder *recorder)
{
    tr_port_end_recording(port, TR_RECORD_STOPPED, 0);
    port->recorder = recorder;
}

static void replace_detector(tr_engine *engine, tr_port *port, tr_detector *detector)
{
    if (port->detector)
        tr_engine_return(engine, TR_RETURN_DETECTOR, port, port->detector);
    port->detector = detector;
}

static void carry_out(tr_engine *engine, const tr_order *order)
{
    tr_port *port = order->port;
    switch (order->kind) {
    case TR_ORDER_OPEN: open_port(engine, port); break;
    case TR_ORDER_CLOSE: close_port(engine, port); break;
    case TR_ORDER_CONNECT: connect_port(engine, order); break;
    case TR_ORDER_PLAY: tr_port_play(port, order->object); break;
    case TR_ORDER_INSERT: tr_port_insert(port, order->object); break;
    case TR_ORDER_JOIN: join(engine, order); break;
    case TR_ORDER_LEAVE: tr_bridge_leave(port); break;
    case TR_ORDER_RECORD: start_recording(port, order->object); break;
    case TR_ORDER_STOP_RECORD:
        tr_port_end_recording(port, TR_RECORD_STOPPED, order->value);
        break;
    case TR_ORDER_DETECT: replace_detector(engine, port, order->object); break;
    }
}

static void carry_out_orders(tr_engine *engine)
{
    tr_order order;
    while (tr_ring_pop(&engine->orders, &order))
        carry_out(engine, &order);
}

/* ---- time ---- */

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_until(int64_t us)
{
    struct timespec until = {us / 1000000, us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        ; /* a signal: sleep on */
}

static void count_lateness(tr_engine *engine, int64_t late_us)
{
    if (late_us > LATE_US)
        engine->stats.late_ticks++;
    if (late_us > engine->stats.max_late_us)
        engine->stats.max_late_us = late_us;
}

/* ---- the tick ---- */

static void publish(tr_engine *engine, int64_t began_us)
{
    int64_t took = now_us() - began_us;
    engine->stats.tick_us_total += took;
    if (took > engine->stats.max_tick_us)
        engine->stats.max_tick_us = took;
    engine->stats.sample = engine->sample;
    engine->stats.legs = engine->port_count;
    if (engine->card) {
        engine->stats.card_running = tr_card_running(engine->card);
        engine->stats.card_xruns = tr_card_xruns(engine->card);
        engine->stats.card_starts = tr_card_starts(engine->card);
        engine->stats.card_lead_samples = tr_card_lead(engine->card);
    }
    tr_snapshot_write(&engine->snapshot, &engine->stats, sizeof(engine->stats));
}

static void wake_control(tr_engine *engine)
{
    const uint64_t one = 1;
    if (engine->events_posted && write(engine->event_fd, &one, sizeof(one)) > 0)
        engine->events_posted = 0; /* else tried again after the next tick */
}

static void tick(tr_engine *engine)
{
    int64_t began_us = now_us();
    carry_out_orders(engine);
    engine->sample += TR_TICK_SAMPLES;
    engine->stats.ticks++;
    for (int i = 0; i < engine->port_count; i++)
        tr_port_receive(engine->ports[i]);
    tr_bridge_mix(engine);
    for (int i = 0; i < engine->port_count; i++)
        tr_port_transmit(engine->ports[i]);
    if (engine->card && tr_card_running(engine->card))
        tr_card_write(engine->card);
    publish(engine, began_us);
    wake_control(engine);
}

static void look_after_card(tr_engine *engine)
{
    const char *why = "";
    tr_card *card = atomic_load_explicit(&engine->card_made, memory_order_acquire);
    engine->card = card;
    if (!card)
        return;
    tr_card_news news = tr_card_look(card, &why);
    if (news != TR_CARD_NOTHING)
        tr_engine_post_text(engine, TR_EVENT_CARD_AUDIO, 0, news == TR_CARD_STARTED, why);
}

/* The card's blocks are the clock; *next_us is when it should have given the next one at the
 * latest. The ticks it gave since it started may not run ahead of time: a device like ALSA's
 * "null" would take the whole processor. */
static void run_on_card(tr_engine *engine, int64_t *next_us)
{
    long behind = 0;
    int got = 0;
    tr_card_wait(engine->card, TICK_US / 1000);
    for (int i = 0; i < CARD_BURST && (got = tr_card_read(engine->card, &behind)) > 0; i++) {
        count_lateness(engine, (int64_t)behind * 1000000 / TR_SAMPLE_RATE);
        tick(engine);
        *next_us = now_us() + TICK_US;
        engine->card_due_us += TICK_US;
    }
    if (engine->card_due_us < *next_us - CARD_BACKLOG_US)
        engine->card_due_us = *next_us - CARD_BACKLOG_US;
    if (got > 0 && engine->card_due_us - *next_us > CARD_RUSH_US)
        tr_card_give_up(engine->card, "The sound device does not keep time.");
    if (got == 0 && now_us() - *next_us > CARD_STALL_US) {
        tr_card_give_up(engine->card, "The sound card stopped delivering sound.");
        *next_us = now_us();
    }
}

static void run_on_clock(tr_engine *engine, int64_t *next_us)
{
    sleep_until(*next_us);
    int64_t late_us = now_us() - *next_us;
    count_lateness(engine, late_us);
    if (late_us > GIVE_UP_US) {
        engine->stats.skipped_ticks += late_us / TICK_US;
        *next_us += late_us / TICK_US * TICK_US;
    }
    *next_us += TICK_US;
    tick(engine);
}

static void ask_for_realtime(tr_engine *engine)
{
    struct sched_param param = {.sched_priority = REALTIME_PRIORITY};
    engine->stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}

/* Filters fading into silence reach numbers so small that each costs a hundred cycles. */
static void flush_tiny_numbers(void)
{
#if defined(__SSE__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); /* FTZ, DAZ */
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | 1u << 24)); /* FZ */
#endif
}

void *tr_engine_thread(void *user)
{
    tr_engine *engine = user;
    int64_t next_us = now_us() + TICK_US;
    ask_for_realtime(engine);
    flush_tiny_numbers();
    while (!atomic_load_explicit(&engine->stop, memory_order_relaxed)) {
        look_after_card(engine);
        if (engine->card && tr_card_running(engine->card))
            run_on_card(engine, &next_us);
        else
            run_on_clock(engine, &next_us);
    }
    return NULL;
}
