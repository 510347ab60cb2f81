/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line echo canceller: one state per analog port (ITU-T G.168 for what it must do).
 *
 * `far_ref` is what we send towards the telephone or exchange line, `near` what comes back from
 * it at the same sample times; `out` is `near` without the echo. No delay is added. The echo path
 * must lie within the tail; a bulk delay between the two streams is the caller's to take out.
 * One thread at a time per state. Nothing is allocated after create.
 */
#ifndef TIPRING_ECHO_H
#define TIPRING_ECHO_H

#include <stddef.h>
#include <stdint.h>

enum { TR_ECHO_BLOCK = 80 }; /* samples: the engine's tick, 10 ms at 8 kHz */

typedef struct tr_echo tr_echo;

typedef struct {
    float erl_db;  /* echo return loss of the line as measured, 0..60; 0 until known */
    float erle_db; /* what the linear filter takes off the echo now, 0..60; 0 until known */
} tr_echo_report;

/* tail_ms 8..128, rounded up to whole partitions. Null when out of memory or out of range. */
tr_echo *tr_echo_create(int tail_ms);
void tr_echo_destroy(tr_echo *ec);

/* Forget the line (a new call on it may have another impedance). Never allocates. */
void tr_echo_reset(tr_echo *ec);

/* One block; n must be TR_ECHO_BLOCK (anything else copies near to out). out may be near. */
void tr_echo_process(tr_echo *ec, const int16_t *far_ref, const int16_t *near, int16_t *out,
                     size_t n);

/* Non-linear processor with comfort noise; on after create. */
void tr_echo_set_nlp(tr_echo *ec, int on);

/* Adaptation; on after create. Off freezes the filter (G.168 tests). */
void tr_echo_set_adapt(tr_echo *ec, int on);

void tr_echo_stats(const tr_echo *ec, tr_echo_report *report);

#endif
