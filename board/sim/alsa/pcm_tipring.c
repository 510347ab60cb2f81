/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ALSA user-space I/O plug-in "tipring": the simulated card's sound stream.
 *
 * What: a PCM of 12 channels (the memory says how many), S16_LE, 8,000 Hz, playback and capture
 * on one sample clock, for programs that open a sound card and must not notice a difference.
 * How: card_stream.c. This file opens and checks.
 * Use: pcm.NAME { type tipring shm "/dev/shm/..." } with pcm_type.tipring { lib "...so" }.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "card_stream.h"

#define LEAST_PERIOD_FRAMES 16u
#define MOST_PERIOD_FRAMES 1024u

static int check_map(const struct stream_map *map, size_t bytes, const char *path)
{
	size_t ring_bytes = (size_t)map->ring_frames * map->channels * sizeof(int16_t);

	if (map->magic != STREAM_MAGIC || map->version != LAYOUT_VERSION ||
	    bytes < STREAM_DATA_OFFSET + 2 * ring_bytes || board_is_dead(map)) {
		SNDERR("%s is not the memory of a running simulated board of this version", path);
		return -ENODEV;
	}
	return 0;
}

static int open_map(struct card_stream *self, const char *path)
{
	struct stat info;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd < 0 || fstat(fd, &info) < 0 || info.st_size < (off_t)STREAM_DATA_OFFSET) {
		SNDERR("cannot open the simulated board's memory %s; is the board running?", path);
		if (fd >= 0)
			close(fd);
		return -ENODEV;
	}
	memory = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return -errno;
	self->map = memory;
	self->map_bytes = (size_t)info.st_size;
	return check_map(self->map, self->map_bytes, path);
}

static void place_ring(struct card_stream *self, snd_pcm_stream_t stream)
{
	size_t samples = (size_t)self->map->ring_frames * self->map->channels;

	self->ring = (int16_t *)((char *)self->map + STREAM_DATA_OFFSET);
	if (stream == SND_PCM_STREAM_CAPTURE)
		self->ring += samples;
}

static int set_limits(struct card_stream *self)
{
	static const unsigned int accesses[] = { SND_PCM_ACCESS_RW_INTERLEAVED };
	static const unsigned int formats[] = { SND_PCM_FORMAT_S16_LE };
	snd_pcm_ioplug_t *io = &self->io;
	unsigned int frame_bytes = self->map->channels * (unsigned int)sizeof(int16_t);
	unsigned int channels = self->map->channels;
	unsigned int rate = self->map->rate_hz;
	unsigned int buffer_bytes = self->map->ring_frames / 2 * frame_bytes;
	int error;

	if ((error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 1, accesses)) < 0)
		return error;
	if ((error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, formats)) < 0)
		return error;
	if ((error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, channels,
						     channels)) < 0)
		return error;
	if ((error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, rate, rate)) < 0)
		return error;
	if ((error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES,
						     LEAST_PERIOD_FRAMES * frame_bytes,
						     MOST_PERIOD_FRAMES * frame_bytes)) < 0)
		return error;
	return snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES,
					       2 * LEAST_PERIOD_FRAMES * frame_bytes, buffer_bytes);
}

/* Takes over `self`: it is released here or by close. */
static int create(struct card_stream *self, snd_pcm_t **pcmp, const char *name,
		  snd_pcm_stream_t stream, int mode)
{
	int error;

	self->io.version = SND_PCM_IOPLUG_VERSION;
	self->io.name = "simulated tipring line card";
	self->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC;
	self->io.callback = &card_stream_callbacks;
	self->io.private_data = self;
	self->io.poll_events = POLLIN;
	self->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	place_ring(self, stream);
	error = self->io.poll_fd < 0 ? -errno
				     : snd_pcm_ioplug_create(&self->io, name, stream, mode);
	if (error < 0) {
		card_stream_release(self);
		return error;
	}
	error = set_limits(self);
	if (error < 0) {
		snd_pcm_ioplug_delete(&self->io); /* closes, so releases */
		return error;
	}
	*pcmp = self->io.pcm;
	return 0;
}

static int read_options(snd_config_t *conf, const char **shm)
{
	snd_config_iterator_t entry, next;

	snd_config_for_each (entry, next, conf) {
		snd_config_t *node = snd_config_iterator_entry(entry);
		const char *id;

		if (snd_config_get_id(node, &id) < 0 || !strcmp(id, "comment") ||
		    !strcmp(id, "type") || !strcmp(id, "hint"))
			continue;
		if (!strcmp(id, "shm") && snd_config_get_string(node, shm) == 0)
			continue;
		SNDERR("unknown or wrong field %s of a tipring PCM; it takes shm \"PATH\"", id);
		return -EINVAL;
	}
	if (!*shm) {
		SNDERR("a tipring PCM needs shm \"PATH\", the memory of the simulated board");
		return -EINVAL;
	}
	return 0;
}

SND_PCM_PLUGIN_DEFINE_FUNC(tipring)
{
	const char *shm = NULL;
	struct card_stream *self;
	int error = read_options(conf, &shm);

	(void)root;
	if (error < 0)
		return error;
	self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->io.poll_fd = -1;
	error = open_map(self, shm);
	if (error == 0)
		return create(self, pcmp, name, stream, mode);
	card_stream_release(self);
	return error;
}

SND_PCM_PLUGIN_SYMBOL(tipring);
