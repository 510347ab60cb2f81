/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing the two directions of a sound device: S16, 8 kHz, periods of 10 ms, started
 * by hand. May block for long: never on the engine thread.
 */
#ifndef TIPRING_CARDSTREAM_H
#define TIPRING_CARDSTREAM_H

#include <alsa/asoundlib.h>

typedef struct {
    snd_pcm_t *capture, *playback;
    int linked; /* they start and stop together */
} tr_card_stream;

typedef struct {
    tr_card_stream *stream; /* null: it could not be opened */
    char why[256];
} tr_card_opened;

void tr_card_stream_open(const char *device, int channels, tr_card_opened *news);

/* Null is fine. */
void tr_card_stream_close(tr_card_stream *stream);

#endif
