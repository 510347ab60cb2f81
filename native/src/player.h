/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a leg plays to its party: sound clips, a generated tone, or telephone events.
 *
 * Made and destroyed on the control thread, read by the engine thread, which hands it back when it
 * is through. Clips end exactly where the next begins.
 */
#ifndef TIPRING_PLAYER_H
#define TIPRING_PLAYER_H

#include <stddef.h>
#include <stdint.h>

#include "tipring.h"
#include "tone.h"

typedef enum { TR_PLAYER_CLIPS, TR_PLAYER_TONE, TR_PLAYER_RFC4733 } tr_player_source;

enum { TR_MAX_DIGITS = 128 };

typedef struct {
    int16_t *samples;
    size_t count;
} tr_clip;

typedef struct tr_player {
    struct tr_player *next;  /* in the leg's line of digits and bursts */
    tr_player_source source;
    int32_t end_event;       /* tr_event_kind to report at the end, 0: none */
    int32_t play;
    tr_clip *clips;
    size_t clip_count, clip, at;
    int loop;
    tr_tone tone;
    char digits[TR_MAX_DIGITS + 1]; /* TR_PLAYER_RFC4733 */
    size_t digit;
    uint32_t on_samples, off_samples, pause_left;
    int volume;              /* -dBm0, RFC 4733 */
    char reason[TR_MAX_TEXT]; /* files left out, "" when none */
} tr_player;

/* Null when out of memory. Control thread. */
tr_player *tr_player_create(tr_player_source source, int32_t end_event, int32_t play);
void tr_player_destroy(tr_player *player);

/* Give a malloc'ed buffer to the player. 0, or -1 out of memory (the buffer is freed). */
int tr_player_add(tr_player *player, int16_t *samples, size_t count);

/* Read this file and add it; what is wrong with it goes into `reason`. Control thread. */
void tr_player_load(tr_player *player, const char *path);

/* Samples written: n, or less when the player is through. Engine thread; clips and tones only. */
size_t tr_player_read(tr_player *player, int16_t *out, size_t n);

#endif
