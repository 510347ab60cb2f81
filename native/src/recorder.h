/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recording a leg into a WAV file, and the thread that writes the files.
 *
 * The engine thread feeds samples into a ring of four seconds; the writer thread puts them into
 * path + ".part", keeps the header valid once a second, and at the end cuts, syncs and renames. A
 * full or slow disk costs the recording, never the talk. What was written before the disk refused
 * is kept; a file that cannot be completed is removed and reported with duration 0 and a sentence.
 */
#ifndef TIPRING_RECORDER_H
#define TIPRING_RECORDER_H

#include <stddef.h>
#include <stdint.h>

#include "tipring.h"

typedef struct tr_writer tr_writer;
typedef struct tr_recorder tr_recorder;

typedef enum {
    TR_RECORD_GOING = 0,
    TR_RECORD_STOPPED,
    TR_RECORD_LIMIT,
    TR_RECORD_SILENCE,
    TR_RECORD_CLOSED,
    TR_RECORD_FAILED, /* the writer's sentence says why */
} tr_record_end;

typedef void (*tr_writer_post)(void *user, const tr_event *event);

/* Null when out of memory or threads. `post` is called on the writer thread. */
tr_writer *tr_writer_create(tr_writer_post post, void *user);

/* Every recorder must have been ended; waits until all files are complete. */
void tr_writer_destroy(tr_writer *writer);

/* Opens the file. Null and a sentence when that fails. Control thread. */
tr_recorder *tr_recorder_create(tr_writer *writer, int32_t leg, int32_t record, const char *path,
                                double max_s, double silence_s, char *why, size_t why_size);

/* One tick's samples. Returns why the recording must end now, or TR_RECORD_GOING; samples that the
 * writer could not take are counted into *lost. Engine thread. */
tr_record_end tr_recorder_feed(tr_recorder *recorder, const int16_t *samples, size_t n,
                               int64_t *lost);

/* The caller must not touch the recorder afterwards. Engine thread (or control thread once the
 * engine thread is gone). */
void tr_recorder_end(tr_recorder *recorder, tr_record_end end, uint32_t trim_samples);

#endif
