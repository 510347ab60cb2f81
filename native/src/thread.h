/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a thread of the engine: named, and with every signal blocked, so that signals go to the
 * program's own threads and interrupt none of ours.
 */
#ifndef TIPRING_THREAD_H
#define TIPRING_THREAD_H

#include <pthread.h>
#include <signal.h>

/* 0, or an error number. The name has at most 15 bytes. */
static inline int tr_thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                                  void *user)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int e = pthread_create(thread, NULL, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e == 0)
        pthread_setname_np(*thread, name);
    return e;
}

#endif
