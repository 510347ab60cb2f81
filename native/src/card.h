/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line card's sound stream: one multi-channel ALSA device, capture and playback in step.
 *
 * Opening and closing may take long, so a thread of the card's own does it, again every second
 * while the device is away; the engine thread takes over an open stream, waits on it, reads and
 * writes 10 ms at a time. Playback runs `lead` periods ahead of capture: frame n of both is the same
 * moment on the line, so what was sent at the moment of a captured block is known exactly.
 */
#ifndef TIPRING_CARD_H
#define TIPRING_CARD_H

#include <stdint.h>

#include "tipring.h"

typedef struct tr_card tr_card;

typedef enum { TR_CARD_NOTHING = 0, TR_CARD_STARTED, TR_CARD_FAILED } tr_card_news;

/* Null when out of memory or threads. Control thread. */
tr_card *tr_card_create(const char *device, int channels);

/* The engine thread must be gone. Control thread. */
void tr_card_destroy(tr_card *card);

int tr_card_channels(const tr_card *card);

/* ---- engine thread ---- */

/* Take over a stream that was opened, or learn why it was not. `why` stays valid until the next
 * call. Reports a failure once, until the stream has run again. */
tr_card_news tr_card_look(tr_card *card, const char **why);

int tr_card_running(const tr_card *card);

/* Sleep until 10 ms of capture are likely there, at most timeout_ms. */
void tr_card_wait(tr_card *card, int timeout_ms);

/* Read 10 ms. 1 when they were there, 0 when not yet, -1 when the stream broke (it is given up, and
 * tr_card_look will tell why). *behind: frames waiting beyond this block. */
int tr_card_read(tr_card *card, long *behind);

/* The stream is no use any more; the card's thread closes it and opens it again. `why` must be a
 * constant. */
void tr_card_give_up(tr_card *card, const char *why);

/* What came in on a channel in this tick, and what we had sent at that moment. */
void tr_card_channel(const tr_card *card, int channel, int16_t heard[TR_TICK_SAMPLES],
                     int16_t sent[TR_TICK_SAMPLES]);

/* Put a channel's samples into the block that goes out; channels not put are silent. */
void tr_card_put(tr_card *card, int channel, const int16_t samples[TR_TICK_SAMPLES]);

/* Write the block. */
void tr_card_write(tr_card *card);

int64_t tr_card_xruns(const tr_card *card);
int64_t tr_card_starts(const tr_card *card);
int64_t tr_card_lead(const tr_card *card); /* frames written ahead of what was read */

#endif
