/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mix.h"
#include "ring.h"
#include "thread.h"
#include "wav.h"

enum {
    RING_SAMPLES = 32768,     /* 4 s: longer stops of a disk lose sound */
    CHUNK = 4000,             /* samples a write: half a second */
    POLL_MS = 50,
    HEADER_EVERY = 8000,      /* samples between header updates: a cut costs a second at most */
    LOUD_TICKS = 2,           /* one loud tick is a click, not speech */
};
#define SILENCE_DBM0 (-45.0)  /* quiet speech on a long line is above, line noise below */

struct tr_recorder {
    tr_recorder *next;
    tr_writer *writer;
    tr_ring ring;
    _Atomic int end;          /* tr_record_end, set once by the engine */
    _Atomic int failed;       /* set by the writer */
    _Atomic uint32_t trim;    /* samples, set before end */
    int32_t leg, record;
    /* engine thread */
    uint64_t fed, max_samples, silence_samples, silent_for;
    int loud_ticks;
    /* writer thread */
    int fd;
    uint32_t written, header_at;
    char sentence[TR_MAX_TEXT];
    char path[PATH_MAX], part[PATH_MAX];
};

struct tr_writer {
    pthread_t thread;
    pthread_mutex_t lock;     /* guards list and stop: control and writer thread only */
    pthread_cond_t wake;
    tr_recorder *list;
    int stop;
    tr_writer_post post;
    void *user;
};

/* ---- files ---- */

static int write_all(int fd, const void *data, size_t size, off_t at)
{
    const uint8_t *bytes = data;
    while (size) {
        ssize_t n = pwrite(fd, bytes, size, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_header(tr_recorder *rec)
{
    uint8_t header[TR_WAV_HEADER];
    tr_wav_header(header, rec->written);
    rec->header_at = rec->written;
    return write_all(rec->fd, header, sizeof(header), 0);
}

static void fail(tr_recorder *rec, const char *what)
{
    if (!rec->sentence[0])
        snprintf(rec->sentence, sizeof(rec->sentence), "The recording could not be %s: %s", what,
                 strerror(errno));
    atomic_store(&rec->failed, 1);
}

static void write_some(tr_recorder *rec)
{
    int16_t chunk[CHUNK];
    uint32_t n;
    while ((n = tr_ring_read(&rec->ring, chunk, CHUNK)) > 0 && !rec->sentence[0]) {
        off_t at = TR_WAV_HEADER + (off_t)rec->written * 2;
        if (write_all(rec->fd, chunk, n * sizeof(int16_t), at) < 0)
            fail(rec, "continued");
        else
            rec->written += n;
    }
    if (!rec->sentence[0] && rec->written - rec->header_at >= HEADER_EVERY &&
        write_header(rec) < 0)
        fail(rec, "continued");
}

static void sync_folder(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return; /* the rename itself succeeded; only its durability is unsure */
    fsync(fd);
    close(fd);
}

/* Closes the file in any case. */
static int settle(tr_recorder *rec)
{
    int failed = write_header(rec) < 0 ||
                 ftruncate(rec->fd, TR_WAV_HEADER + (off_t)rec->written * 2) < 0 ||
                 fsync(rec->fd) < 0;
    int why = errno; /* of the first that failed, not of the close after it */
    if (close(rec->fd) == 0 && !failed)
        return 0;
    if (failed)
        errno = why;
    return -1;
}

/* What was written before a failure is kept: the header tells the length that is there. A file
 * that cannot be completed counts for nothing: the duration 0 lets nobody store a message that is
 * not there, and what is left under the other name goes, so that a full disk gets its room back. */
static void complete(tr_recorder *rec)
{
    uint32_t trim = atomic_load(&rec->trim);
    rec->written -= trim < rec->written ? trim : rec->written;
    if (settle(rec) == 0 && rename(rec->part, rec->path) == 0) {
        sync_folder(rec->path);
        return;
    }
    rec->sentence[0] = 0; /* "not continued" would say that a part of it is there */
    fail(rec, "completed");
    rec->written = 0;
    unlink(rec->part);
}

static const char *reason_of(const tr_recorder *rec)
{
    static const char *const reasons[] = {"", "stopped", "limit", "silence", "closed", "failed"};
    return rec->sentence[0] ? rec->sentence : reasons[atomic_load(&rec->end)];
}

static void report(tr_recorder *rec)
{
    tr_event event = {.kind = TR_EVENT_RECORD_ENDED, .leg = rec->leg, .id = rec->record};
    const char *reason = reason_of(rec);
    event.value = rec->written / (double)TR_SAMPLE_RATE;
    event.length = (uint32_t)strlen(reason);
    memcpy(event.data, reason, event.length);
    rec->writer->post(rec->writer->user, &event);
}

static void release(tr_recorder *rec)
{
    tr_ring_free(&rec->ring);
    free(rec);
}

/* ---- the writer thread ---- */

static void unlink_recorder(tr_writer *writer, tr_recorder *rec)
{
    pthread_mutex_lock(&writer->lock);
    tr_recorder **place = &writer->list;
    while (*place != rec)
        place = &(*place)->next;
    *place = rec->next;
    pthread_mutex_unlock(&writer->lock);
}

static void serve(tr_writer *writer, tr_recorder *rec)
{
    int ended = atomic_load(&rec->end) != TR_RECORD_GOING; /* before the last read of the ring */
    write_some(rec);
    if (!ended)
        return;
    complete(rec);
    unlink_recorder(writer, rec);
    report(rec);
    release(rec);
}

static void serve_all(tr_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    tr_recorder *rec = writer->list;
    pthread_mutex_unlock(&writer->lock);
    while (rec) { /* new ones come in front; only this thread takes any out */
        tr_recorder *next = rec->next;
        serve(writer, rec);
        rec = next;
    }
}

static void wait_a_while(tr_writer *writer)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
}

static void *writer_thread(void *user)
{
    tr_writer *writer = user;
    pthread_mutex_lock(&writer->lock);
    while (!writer->stop || writer->list) {
        if (!writer->list) {
            pthread_cond_wait(&writer->wake, &writer->lock);
            continue;
        }
        wait_a_while(writer);
        pthread_mutex_unlock(&writer->lock);
        serve_all(writer);
        pthread_mutex_lock(&writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

tr_writer *tr_writer_create(tr_writer_post post, void *user)
{
    tr_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return NULL;
    writer->post = post;
    writer->user = user;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->wake, NULL);
    if (tr_thread_start(&writer->thread, "tipring-writer", writer_thread, writer) != 0) {
        free(writer);
        return NULL;
    }
    return writer;
}

void tr_writer_destroy(tr_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->stop = 1;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

/* ---- control thread ---- */

static int open_file(tr_recorder *rec, const char *path, char *why, size_t why_size)
{
    int fits = snprintf(rec->path, sizeof(rec->path), "%s", path) < (int)sizeof(rec->path) - 5;
    if (!fits) {
        snprintf(why, why_size, "The recording's path is too long.");
        return -1;
    }
    snprintf(rec->part, sizeof(rec->part), "%.*s.part", (int)sizeof(rec->part) - 6, path);
    rec->fd = open(rec->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (rec->fd < 0) {
        snprintf(why, why_size, "%s cannot be written: %s", rec->part, strerror(errno));
        return -1;
    }
    if (write_header(rec) < 0) {
        snprintf(why, why_size, "%s cannot be written: %s", rec->part, strerror(errno));
        close(rec->fd);
        unlink(rec->part);
        return -1;
    }
    return 0;
}

static void enlist(tr_writer *writer, tr_recorder *rec)
{
    pthread_mutex_lock(&writer->lock);
    rec->next = writer->list;
    writer->list = rec;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}

tr_recorder *tr_recorder_create(tr_writer *writer, int32_t leg, int32_t record, const char *path,
                                double max_s, double silence_s, char *why, size_t why_size)
{
    tr_recorder *rec = calloc(1, sizeof(*rec));
    if (!rec || tr_ring_init(&rec->ring, RING_SAMPLES, sizeof(int16_t)) < 0) {
        snprintf(why, why_size, "There is no memory for the recording.");
        free(rec);
        return NULL;
    }
    rec->writer = writer;
    rec->leg = leg;
    rec->record = record;
    rec->max_samples = (uint64_t)(max_s * TR_SAMPLE_RATE);
    rec->silence_samples = (uint64_t)(silence_s * TR_SAMPLE_RATE);
    if (open_file(rec, path, why, why_size) < 0) {
        release(rec);
        return NULL;
    }
    enlist(writer, rec);
    return rec;
}

/* ---- engine thread ---- */

static void follow_silence(tr_recorder *rec, const int16_t *samples, size_t n)
{
    int loud = tr_mix_dbm0(tr_mix_energy(samples, n) / (double)n) > SILENCE_DBM0;
    rec->loud_ticks = loud ? rec->loud_ticks + 1 : 0;
    rec->silent_for = rec->loud_ticks >= LOUD_TICKS ? 0 : rec->silent_for + n;
}

tr_record_end tr_recorder_feed(tr_recorder *rec, const int16_t *samples, size_t n, int64_t *lost)
{
    if (atomic_load_explicit(&rec->failed, memory_order_relaxed))
        return TR_RECORD_FAILED;
    if (rec->fed + n > rec->max_samples)
        n = (size_t)(rec->max_samples - rec->fed);
    *lost += (int64_t)(n - tr_ring_write(&rec->ring, samples, (uint32_t)n));
    rec->fed += n;
    if (rec->fed >= rec->max_samples)
        return TR_RECORD_LIMIT;
    if (rec->silence_samples)
        follow_silence(rec, samples, n);
    return rec->silence_samples && rec->silent_for >= rec->silence_samples ? TR_RECORD_SILENCE
                                                                           : TR_RECORD_GOING;
}

void tr_recorder_end(tr_recorder *rec, tr_record_end end, uint32_t trim_samples)
{
    atomic_store(&rec->trim, trim_samples);
    atomic_store(&rec->end, (int)end);
}
