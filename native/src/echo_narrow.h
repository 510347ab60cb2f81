/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells tones from speech for the echo canceller: a tone says what the line does at one frequency
 * and would spoil what is known of all others (G.168, test 6). Pure; any thread.
 */
#ifndef TIPRING_ECHO_NARROW_H
#define TIPRING_ECHO_NARROW_H

#include "fft256.h"

/* 1 when nearly all power of the last 256 samples lies in one or two lines: DTMF, dial tone, fax. */
int tr_echo_is_narrow(const tr_spectrum *x);

#endif
