/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the control thread share (control.c, legs.c, orders.c).
 */
#ifndef TIPRING_CONTROL_H
#define TIPRING_CONTROL_H

#include "core.h"

/* Free what the engine has handed back. */
void tr_control_collect(tr_engine *engine);

/* The open port of a leg, or null with the error set. */
tr_port *tr_control_find(tr_engine *engine, int32_t leg);

/* Keep a sentence for tr_last_error and return the code. */
int tr_control_fail(tr_engine *engine, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* TR_OK, or TR_ERR_BUSY when the engine thread has not taken orders for a second (the object then
 * still belongs to the caller). */
int tr_control_send(tr_engine *engine, int32_t kind, tr_port *port, void *object, uint32_t value);

void tr_port_destroy(tr_port *port);

/* sockets.c: bind a pair; returns the even port, or a negative error. */
int tr_sockets_open(tr_engine *engine, int fds[2]);

/* Close every leg without the engine thread, which must be gone. */
void tr_control_close_all(tr_engine *engine);

#endif
