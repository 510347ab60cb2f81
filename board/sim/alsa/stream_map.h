/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that the simulated card shares with the plug-in: one page of header, the playback
 * ring, the capture ring. board/sim/audio.py holds the same layout; LAYOUT_VERSION guards both.
 *
 * The board owns the sample clock. It works in blocks: it raises `claimed` by one block, reads
 * that block of playback, writes the block of capture, then raises `done`. So playback is over
 * at `claimed` and capture is there up to `done`; sample n of both is the same instant.
 */
#ifndef TIPRING_STREAM_MAP_H
#define TIPRING_STREAM_MAP_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_MAGIC 0x47525054u /* "TPRG" */
#define LAYOUT_VERSION 1u
#define STREAM_DATA_OFFSET 4096u

struct stream_map {
	uint32_t magic;
	uint32_t version;
	uint32_t channels;
	uint32_t rate_hz;     /* nominal */
	uint32_t ring_frames; /* power of two */
	uint32_t block_frames;
	double true_rate_hz;      /* nominal with the clock error in it */
	uint64_t epoch_ns;        /* CLOCK_MONOTONIC at sample 0 */
	uint64_t claimed;         /* board: playback consumed up to here */
	uint64_t done;            /* board: capture written up to here */
	uint64_t heartbeat_ns;    /* board: CLOCK_MONOTONIC of the last block */
	uint64_t xrun_orders;     /* board: raised to make both streams fail once */
	uint64_t playback_start;  /* plug-in: sample of the running playback's frame 0, or 0 */
	uint64_t playback_xruns;  /* plug-in: counted since the board started */
	uint64_t capture_xruns;
};

_Static_assert(offsetof(struct stream_map, true_rate_hz) == 24, "layout of audio.py");
_Static_assert(sizeof(struct stream_map) == 96, "layout of audio.py");

#endif
