/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running stream: samples to and from the shared memory, position, pace, xruns.
 *
 * How: samples go through memory shared with the simulated board (stream_map.h), which paces
 * them by CLOCK_MONOTONIC with a settable error. A timerfd set to the moment at which the next
 * period is due makes the stream pollable; when the board is late it looks again each half
 * millisecond. Too late an application gets EPIPE; when the board has died, ENODEV.
 *
 * Threads: the callbacks run in the application's thread, under alsa-lib's lock of the PCM.
 */
#include "card_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull
#define BLOCK_WORK_NS 400000ull /* the board's usual time for one block: no use in looking sooner */
#define LATE_POLL_NS 500000ull
#define DEAD_BOARD_NS (2 * NS_PER_S) /* thirty times the longest stall seen on a loaded machine */
#define NOT_STARTED UINT64_MAX
#define LINK_WINDOW_BLOCKS 4u /* a capture started this soon after playback shares its frame 0 */

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int is_playback(const struct card_stream *self)
{
	return self->io.stream == SND_PCM_STREAM_PLAYBACK;
}

/* The card's position in this stream, frames since its start. */
static uint64_t hardware_frames(const struct card_stream *self)
{
	uint64_t sample = load(is_playback(self) ? &self->map->claimed : &self->map->done);

	return sample > self->start_sample ? sample - self->start_sample : 0;
}

static int is_started(const struct card_stream *self)
{
	return self->start_sample != NOT_STARTED;
}

/* Frames the application may move now; negative when it has come too late. */
static int64_t available(const struct card_stream *self)
{
	int64_t ahead = (int64_t)hardware_frames(self) - (int64_t)self->moved;
	int64_t buffer = (int64_t)self->io.buffer_size;
	int64_t frames = is_playback(self) ? buffer + ahead : ahead;

	return is_started(self) && frames >= buffer ? -1 : frames;
}

static int16_t *slot(const struct card_stream *self, uint64_t sample)
{
	uint32_t frame = (uint32_t)(sample & (self->map->ring_frames - 1));

	return self->ring + (size_t)frame * self->map->channels;
}

/* ------------------------------------------------------------------ timing */

static void arm(const struct card_stream *self, uint64_t at_ns)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(at_ns / NS_PER_S),
			      .tv_nsec = (long)(at_ns % NS_PER_S) },
	};

	timerfd_settime(self->io.poll_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Set the timer to the moment at which `missing` more frames should be there. */
static void arm_for(const struct card_stream *self, uint64_t missing)
{
	const struct stream_map *map = self->map;
	uint64_t block = map->block_frames;
	uint64_t sample = self->start_sample + hardware_frames(self) + missing;
	uint64_t now = now_ns();
	uint64_t due;

	sample = (sample + block - 1) / block * block;
	due = load(&map->epoch_ns) +
	      (uint64_t)((double)sample * (double)NS_PER_S / map->true_rate_hz) + BLOCK_WORK_NS;
	arm(self, due > now ? due : now + LATE_POLL_NS);
}

int board_is_dead(const struct stream_map *map)
{
	uint64_t beat = load(&map->heartbeat_ns);
	uint64_t now = now_ns();

	return now > beat && now - beat > DEAD_BOARD_NS;
}

static int tipring_poll_revents(snd_pcm_ioplug_t *io, struct pollfd *pfd, unsigned int count,
				unsigned short *revents)
{
	struct card_stream *self = io->private_data;
	int64_t frames;
	uint64_t expiries;

	if (count != 1)
		return -EINVAL;
	*revents = 0;
	if (!(pfd->revents & POLLIN))
		return 0;
	frames = available(self);
	if (frames < 0 || board_is_dead(self->map)) {
		*revents = POLLERR | (is_playback(self) ? POLLOUT : POLLIN);
		return 0;
	}
	if ((snd_pcm_uframes_t)frames >= self->avail_min) {
		*revents = is_playback(self) ? POLLOUT : POLLIN;
		return 0; /* the timer stays expired until the application has moved its frames */
	}
	if (read(io->poll_fd, &expiries, sizeof(expiries)) < 0 && errno != EAGAIN)
		return -errno;
	if (is_started(self))
		arm_for(self, self->avail_min - (snd_pcm_uframes_t)frames);
	return 0;
}

/* ------------------------------------------------------------------ stream */

static void count_xrun(const struct card_stream *self)
{
	uint64_t *counter = is_playback(self) ? &self->map->playback_xruns
					      : &self->map->capture_xruns;

	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static snd_pcm_sframes_t tipring_pointer(snd_pcm_ioplug_t *io)
{
	struct card_stream *self = io->private_data;
	uint64_t position = hardware_frames(self);
	uint64_t orders = load(&self->map->xrun_orders);
	int late = available(self) < 0;

	if (io->state == SND_PCM_STATE_DRAINING)
		position = position > self->moved ? self->moved : position;
	else if (board_is_dead(self->map)) {
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
		return -ENODEV;
	} else if (io->state == SND_PCM_STATE_RUNNING && (late || orders != self->seen_orders)) {
		self->seen_orders = orders;
		count_xrun(self);
		return -EPIPE;
	}
	return (snd_pcm_sframes_t)(position % io->buffer_size);
}

static int tipring_prepare(snd_pcm_ioplug_t *io)
{
	struct card_stream *self = io->private_data;

	self->moved = 0;
	self->start_sample = NOT_STARTED;
	self->seen_orders = load(&self->map->xrun_orders);
	if (is_playback(self))
		store(&self->map->playback_start, 0);
	arm(self, 1); /* writable at once; nothing to read until the start re-arms */
	return 0;
}

static void put_frames(const struct card_stream *self, uint64_t sample, const int16_t *from,
		       snd_pcm_uframes_t frames)
{
	size_t frame_bytes = self->map->channels * sizeof(int16_t);

	for (snd_pcm_uframes_t i = 0; i < frames; i++)
		memcpy(slot(self, sample + i), from + i * self->map->channels, frame_bytes);
}

static int tipring_start(snd_pcm_ioplug_t *io)
{
	struct card_stream *self = io->private_data;
	uint64_t claimed = load(&self->map->claimed);
	uint64_t partner = load(&self->map->playback_start);

	self->start_sample = claimed;
	if (is_playback(self)) {
		put_frames(self, claimed, self->prefill, self->moved);
		store(&self->map->playback_start, claimed);
	} else if (partner && claimed >= partner &&
		   claimed - partner <= LINK_WINDOW_BLOCKS * self->map->block_frames) {
		self->start_sample = partner;
	}
	arm(self, 1);
	return 0;
}

static int tipring_stop(snd_pcm_ioplug_t *io)
{
	struct card_stream *self = io->private_data;

	if (is_playback(self))
		store(&self->map->playback_start, 0);
	return 0;
}

static snd_pcm_sframes_t tipring_transfer(snd_pcm_ioplug_t *io,
					  const snd_pcm_channel_area_t *areas,
					  snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	struct card_stream *self = io->private_data;
	size_t channels = self->map->channels;
	int16_t *frames = (int16_t *)areas[0].addr + offset * channels;

	if (!is_playback(self)) {
		for (snd_pcm_uframes_t i = 0; i < size; i++)
			memcpy(frames + i * channels,
			       slot(self, self->start_sample + self->moved + i),
			       channels * sizeof(int16_t));
	} else if (!is_started(self)) {
		if (self->moved + size > io->buffer_size)
			size = io->buffer_size - self->moved;
		memcpy(self->prefill + self->moved * channels, frames,
		       size * channels * sizeof(int16_t));
	} else {
		put_frames(self, self->start_sample + self->moved, frames, size);
	}
	self->moved += size;
	return (snd_pcm_sframes_t)size;
}

static int tipring_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
	struct card_stream *self = io->private_data;
	int64_t ahead = (int64_t)self->moved - (int64_t)hardware_frames(self);

	*delay = (snd_pcm_sframes_t)(is_playback(self) ? ahead : -ahead);
	return 0;
}

static int tipring_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	struct card_stream *self = io->private_data;

	(void)params;
	free(self->prefill);
	self->prefill = calloc(io->buffer_size * self->map->channels, sizeof(int16_t));
	self->avail_min = io->period_size;
	return self->prefill ? 0 : -ENOMEM;
}

static int tipring_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	struct card_stream *self = io->private_data;

	return snd_pcm_sw_params_get_avail_min(params, &self->avail_min);
}

void card_stream_release(struct card_stream *self)
{
	if (self->map)
		munmap(self->map, self->map_bytes);
	if (self->io.poll_fd >= 0)
		close(self->io.poll_fd);
	free(self->prefill);
	free(self);
}

static int tipring_close(snd_pcm_ioplug_t *io)
{
	struct card_stream *self = io->private_data;

	if (is_playback(self))
		store(&self->map->playback_start, 0);
	card_stream_release(self);
	return 0;
}

const snd_pcm_ioplug_callback_t card_stream_callbacks = {
	.start = tipring_start,
	.stop = tipring_stop,
	.pointer = tipring_pointer,
	.transfer = tipring_transfer,
	.close = tipring_close,
	.hw_params = tipring_hw_params,
	.sw_params = tipring_sw_params,
	.prepare = tipring_prepare,
	.poll_revents = tipring_poll_revents,
	.delay = tipring_delay,
};
