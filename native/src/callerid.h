/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Caller-ID bursts by FSK (Bell 202: GR-30; V.23: ETSI EN 300 659), both ways.
 *
 * Link layer only: channel seizure, mark, bytes, checksum. What the message says is the line
 * machines' business. The demodulator is libspandsp's.
 */
#ifndef TIPRING_CALLERID_H
#define TIPRING_CALLERID_H

#include <stddef.h>
#include <stdint.h>

enum { TR_CALLERID_MAX = 257 }; /* type, length, 255 bytes of parameters */

/* Render a burst into a new buffer (malloc), after delay_ms of silence. 0, or -1 out of memory. */
int tr_callerid_render(int fsk, const uint8_t *message, size_t length, uint32_t delay_ms,
                       int16_t **samples, size_t *count);

typedef struct tr_callerid_rx tr_callerid_rx;

/* ok: the checksum was right. Called from inside tr_callerid_feed. */
typedef void (*tr_callerid_heard)(void *user, const uint8_t *message, size_t length, int ok);

/* Null when out of memory. */
tr_callerid_rx *tr_callerid_create(int fsk, tr_callerid_heard heard, void *user);
void tr_callerid_destroy(tr_callerid_rx *rx);
void tr_callerid_feed(tr_callerid_rx *rx, const int16_t *samples, size_t n);

#endif
