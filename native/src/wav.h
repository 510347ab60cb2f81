/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WAV files (RIFF): reading prompts into memory, and the header of a recording.
 *
 * Read: mono, 8,000 Hz, 16-bit PCM, A-law or mu-law; anything else is refused with the reason. Not
 * the engine's thread: reads the disk and allocates.
 */
#ifndef TIPRING_WAV_H
#define TIPRING_WAV_H

#include <stddef.h>
#include <stdint.h>

enum { TR_WAV_HEADER = 44 };

/* Parse a whole file in memory. On success 0, and *samples (malloc) and *count; else -1 and the
 * reason as a sentence without the file's name. Reads data[0..length) only. */
int tr_wav_parse(const uint8_t *data, size_t length, int16_t **samples, size_t *count, char *why,
                 size_t why_size);

/* The same from a file of at most 64 MB. */
int tr_wav_load(const char *path, int16_t **samples, size_t *count, char *why, size_t why_size);

/* Header of a mono 8 kHz 16-bit file with this many samples. */
void tr_wav_header(uint8_t out[TR_WAV_HEADER], uint32_t samples);

#endif
