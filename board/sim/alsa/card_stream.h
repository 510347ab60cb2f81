/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of the simulated card's stream, as one application has it open. */
#ifndef TIPRING_CARD_STREAM_H
#define TIPRING_CARD_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include "stream_map.h"

struct card_stream {
	snd_pcm_ioplug_t io;
	struct stream_map *map;
	size_t map_bytes;
	int16_t *ring;
	int16_t *prefill; /* what is written before the start, when its place is unknown */
	uint64_t start_sample;
	uint64_t moved; /* frames the application has written or read since prepare */
	uint64_t seen_orders;
	snd_pcm_uframes_t avail_min;
};

/* What alsa-lib calls while the stream is open; card_stream.c. */
extern const snd_pcm_ioplug_callback_t card_stream_callbacks;

/* Whether the board has not worked for so long that it must have ended. */
int board_is_dead(const struct stream_map *map);

/* Give back everything that a stream holds, and itself. */
void card_stream_release(struct card_stream *self);

#endif
