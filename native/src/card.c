/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <alsa/asoundlib.h>

#include "cardstream.h"
#include "ring.h"
#include "thread.h"

enum {
    PERIOD = TR_TICK_SAMPLES,
    LEAD_FIRST = 2,        /* periods of playback ahead: 20 ms, the least that works */
    LEAD_MOST = 8,         /* after underruns: a loaded machine needs more */
    HISTORY = 2048,        /* frames of playback kept for the echo canceller: buffer and lead */
    MAX_POLL = 8,
    START_SKEW = 8,        /* frames: streams that are not linked may start this far apart */
};

struct tr_card {
    char device[256];
    int channels;
    tr_ring opened;        /* tr_card_opened: card thread -> engine */
    tr_ring given_up;      /* tr_card_stream *: engine -> card thread */
    /* card thread, control thread */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int stop;
    /* engine thread */
    tr_card_stream *stream;  /* null: not running */
    const char *given_up_why;
    int failure_told;
    tr_card_opened news;
    int lead;              /* periods */
    uint64_t captured, played; /* frames since the start; the same moment has the same number */
    int64_t xruns, starts;
    int16_t in[PERIOD * TR_MAX_CHANNELS], out[PERIOD * TR_MAX_CHANNELS];
    int16_t history[HISTORY * TR_MAX_CHANNELS];
};

/* ---- card thread ---- */

static void wait_a_second(tr_card *card)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&card->lock);
    if (!card->stop)
        pthread_cond_timedwait(&card->wake, &card->lock, &until);
    pthread_mutex_unlock(&card->lock);
}

static int stopped(tr_card *card)
{
    pthread_mutex_lock(&card->lock);
    int stop = card->stop;
    pthread_mutex_unlock(&card->lock);
    return stop;
}

/* alsa-lib prints on standard error what its results already say. */
static void quiet(const char *file, int line, const char *function, int e, const char *format, ...)
{
    (void)file, (void)line, (void)function, (void)e, (void)format;
}

static void *card_thread(void *user)
{
    tr_card *card = user;
    tr_card_stream *old;
    int out = 0; /* the engine has a stream */
    snd_lib_error_set_handler(quiet);
    for (; !stopped(card); wait_a_second(card)) {
        while (tr_ring_pop(&card->given_up, &old)) {
            tr_card_stream_close(old);
            out = 0;
        }
        if (out)
            continue;
        tr_card_opened news;
        tr_card_stream_open(card->device, card->channels, &news);
        out = news.stream != NULL;
        if (!tr_ring_push(&card->opened, &news)) {
            tr_card_stream_close(news.stream); /* the engine has not looked for seconds: try again */
            out = 0;
        }
    }
    return NULL;
}

/* ---- control thread ---- */

tr_card *tr_card_create(const char *device, int channels)
{
    tr_card *card = calloc(1, sizeof(*card));
    if (!card)
        return NULL;
    snprintf(card->device, sizeof(card->device), "%s", device);
    card->channels = channels;
    card->lead = LEAD_FIRST;
    pthread_mutex_init(&card->lock, NULL);
    pthread_cond_init(&card->wake, NULL);
    if (tr_ring_init(&card->opened, 4, sizeof(tr_card_opened)) < 0 ||
        tr_ring_init(&card->given_up, 4, sizeof(tr_card_stream *)) < 0 ||
        tr_thread_start(&card->thread, "tipring-card", card_thread, card) != 0) {
        tr_ring_free(&card->opened);
        tr_ring_free(&card->given_up);
        free(card);
        return NULL;
    }
    return card;
}

void tr_card_destroy(tr_card *card)
{
    tr_card_opened news;
    tr_card_stream *old;
    if (!card)
        return;
    pthread_mutex_lock(&card->lock);
    card->stop = 1;
    pthread_cond_signal(&card->wake);
    pthread_mutex_unlock(&card->lock);
    pthread_join(card->thread, NULL);
    tr_card_stream_close(card->stream);
    while (tr_ring_pop(&card->opened, &news))
        tr_card_stream_close(news.stream);
    while (tr_ring_pop(&card->given_up, &old))
        tr_card_stream_close(old);
    tr_ring_free(&card->opened);
    tr_ring_free(&card->given_up);
    pthread_cond_destroy(&card->wake);
    pthread_mutex_destroy(&card->lock);
    free(card);
}

int tr_card_channels(const tr_card *card)
{
    return card->channels;
}

/* ---- engine thread ---- */

void tr_card_give_up(tr_card *card, const char *why)
{
    tr_ring_push(&card->given_up, &card->stream); /* room for 4, only one is ever out */
    card->stream = NULL;
    card->given_up_why = why;
}

static int write_silence(tr_card *card)
{
    memset(card->out, 0, sizeof(card->out));
    for (int i = 0; i < card->lead; i++) {
        snd_pcm_sframes_t n = snd_pcm_writei(card->stream->playback, card->out, PERIOD);
        if (n < 0)
            return (int)n;
        card->played += (uint64_t)n;
    }
    return 0;
}

/* Both directions begin at the same moment: linked they do so by themselves, else at once after
 * one another (playback first: it has silence to spare). */
static int start_both(tr_card *card)
{
    tr_card_stream *stream = card->stream;
    int e;
    card->captured = card->played = 0;
    memset(card->history, 0, sizeof(card->history));
    snd_pcm_drop(stream->capture);
    snd_pcm_drop(stream->playback);
    if ((e = snd_pcm_prepare(stream->playback)) < 0 || (e = write_silence(card)) < 0)
        return e;
    if (!stream->linked && (e = snd_pcm_prepare(stream->capture)) < 0)
        return e;
    e = snd_pcm_start(stream->playback);
    if (e == 0 && !stream->linked)
        e = snd_pcm_start(stream->capture);
    return e;
}

static void restart(tr_card *card, int e, int underrun)
{
    if (e != -EPIPE && e != -ESTRPIPE) {
        tr_card_give_up(card, "The sound card has gone away.");
        return;
    }
    card->xruns++;
    if (underrun && card->lead < LEAD_MOST)
        card->lead++;
    if (start_both(card) < 0)
        tr_card_give_up(card, "The sound card could not be started again after an overrun.");
}

static tr_card_news failed(tr_card *card)
{
    int told = card->failure_told;
    card->failure_told = 1;
    return told ? TR_CARD_NOTHING : TR_CARD_FAILED;
}

tr_card_news tr_card_look(tr_card *card, const char **why)
{
    if (card->given_up_why) {
        *why = card->given_up_why;
        card->given_up_why = NULL;
        return failed(card);
    }
    if (card->stream || !tr_ring_pop(&card->opened, &card->news))
        return TR_CARD_NOTHING;
    *why = card->news.why;
    if (!card->news.stream)
        return failed(card);
    card->stream = card->news.stream;
    card->lead = LEAD_FIRST;
    if (start_both(card) < 0) {
        tr_card_give_up(card, "The sound card could not be started.");
        return TR_CARD_NOTHING;
    }
    card->starts++;
    card->failure_told = 0;
    *why = "";
    return TR_CARD_STARTED;
}

int tr_card_running(const tr_card *card)
{
    return card->stream != NULL;
}

static int ready(tr_card *card)
{
    snd_pcm_sframes_t frames = snd_pcm_avail_update(card->stream->capture);
    return frames < 0 || frames >= PERIOD; /* an error is found by the read */
}

void tr_card_wait(tr_card *card, int timeout_ms)
{
    struct pollfd fds[MAX_POLL];
    unsigned short events;
    int n = snd_pcm_poll_descriptors(card->stream->capture, fds, MAX_POLL);
    for (int i = 0; i < 3 && !ready(card); i++) {
        if (n <= 0 || poll(fds, (nfds_t)n, timeout_ms) <= 0)
            break;
        snd_pcm_poll_descriptors_revents(card->stream->capture, fds, (unsigned)n, &events);
    }
    if (!ready(card)) { /* a device that wakes us for nothing must not take the processor */
        const struct timespec half_ms = {0, 500000};
        nanosleep(&half_ms, NULL);
    }
}

int tr_card_read(tr_card *card, long *behind)
{
    if (!card->stream)
        return -1;
    snd_pcm_sframes_t n = snd_pcm_avail_update(card->stream->capture);
    if (n >= 0 && n < PERIOD)
        return 0;
    *behind = n - PERIOD;
    if (n >= 0)
        n = snd_pcm_readi(card->stream->capture, card->in, PERIOD);
    if (n == PERIOD) {
        card->captured += PERIOD;
        memset(card->out, 0, sizeof(card->out));
        return 1;
    }
    if (n == -EAGAIN)
        return 0;
    restart(card, n < 0 ? (int)n : -EPIPE, 0);
    return card->stream ? 0 : -1;
}

void tr_card_channel(const tr_card *card, int channel, int16_t heard[TR_TICK_SAMPLES],
                     int16_t sent[TR_TICK_SAMPLES])
{
    /* Capture that began later than playback hears an echo before its time; a canceller can only
     * look back, so it is given the reference a little early. */
    uint64_t at = card->captured - PERIOD + (card->stream->linked ? 0 : START_SKEW);
    for (int i = 0; i < PERIOD; i++) {
        heard[i] = card->in[i * card->channels + channel];
        sent[i] = card->history[(at + (uint64_t)i) % HISTORY * (uint64_t)card->channels +
                                (uint64_t)channel];
    }
}

void tr_card_put(tr_card *card, int channel, const int16_t samples[TR_TICK_SAMPLES])
{
    if (channel >= card->channels)
        return;
    for (int i = 0; i < PERIOD; i++)
        card->out[i * card->channels + channel] = samples[i];
}

static void remember(tr_card *card, size_t frames)
{
    size_t frame = (size_t)card->channels;
    for (size_t i = 0; i < frames; i++)
        memcpy(card->history + (card->played + i) % HISTORY * frame, card->out + i * frame,
               frame * sizeof(int16_t));
    card->played += frames;
}

void tr_card_write(tr_card *card)
{
    snd_pcm_sframes_t n = snd_pcm_writei(card->stream->playback, card->out, PERIOD);
    if (n >= 0)
        remember(card, (size_t)n);
    else if (n == -EAGAIN)
        card->xruns++; /* full: the device took less than it gave */
    else
        restart(card, (int)n, 1);
}

int64_t tr_card_xruns(const tr_card *card)
{
    return card->xruns;
}

int64_t tr_card_starts(const tr_card *card)
{
    return card->starts;
}

int64_t tr_card_lead(const tr_card *card)
{
    return card->stream ? (int64_t)(card->played - card->captured) : 0;
}
