/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wav.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "g711.h"

enum { FORMAT_PCM = 1, FORMAT_ALAW = 6, FORMAT_ULAW = 7, FORMAT_EXTENSIBLE = 0xFFFE };
enum { MAX_FILE = 64 << 20 }; /* over an hour of 16-bit audio: more is no prompt */

typedef struct {
    int have_format;
    unsigned format, channels, bits;
    uint32_t rate;
    const uint8_t *data;
    size_t data_length;
} wav_file;

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)(p[0] | p[1] << 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void read_format(wav_file *wav, const uint8_t *chunk, size_t size)
{
    wav->format = get16(chunk);
    wav->channels = get16(chunk + 2);
    wav->rate = get32(chunk + 4);
    wav->bits = get16(chunk + 14);
    if (wav->format == FORMAT_EXTENSIBLE && size >= 26)
        wav->format = get16(chunk + 24); /* first two bytes of the sub-format's GUID */
    wav->have_format = 1;
}

/* Walk the chunks. A data chunk that runs over the end of the file is cut there: that is what a
 * recorder leaves after a power cut. */
static void find_chunks(wav_file *wav, const uint8_t *data, size_t length)
{
    size_t at = 12;
    while (at + 8 <= length) {
        size_t size = get32(data + at + 4), left = length - at - 8;
        const uint8_t *body = data + at + 8;
        if (size > left)
            size = left;
        if (!memcmp(data + at, "fmt ", 4) && size >= 16)
            read_format(wav, body, size);
        if (!memcmp(data + at, "data", 4)) {
            wav->data = body;
            wav->data_length = size;
            return;
        }
        at += 8 + size + (size & 1);
    }
}

static int refuse(char *why, size_t why_size, const char *sentence)
{
    snprintf(why, why_size, "%s", sentence);
    return -1;
}

static int check_format(const wav_file *wav, char *why, size_t why_size)
{
    unsigned bits = wav->format == FORMAT_PCM ? 16 : 8;
    if (!wav->have_format)
        return refuse(why, why_size, "has no format chunk");
    if (!wav->data)
        return refuse(why, why_size, "has no data chunk");
    if (wav->format != FORMAT_PCM && wav->format != FORMAT_ALAW && wav->format != FORMAT_ULAW) {
        snprintf(why, why_size, "has encoding %u; 16-bit PCM, A-law or mu-law is wanted",
                 wav->format);
        return -1;
    }
    if (wav->channels != 1) {
        snprintf(why, why_size, "has %u channels; mono is wanted", wav->channels);
        return -1;
    }
    if (wav->rate != 8000) {
        snprintf(why, why_size, "has a sample rate of %u Hz; 8000 Hz is wanted",
                 (unsigned)wav->rate);
        return -1;
    }
    if (wav->bits != bits) {
        snprintf(why, why_size, "has %u bits a sample; %u are wanted", wav->bits, bits);
        return -1;
    }
    return 0;
}

static void decode(const wav_file *wav, int16_t *samples, size_t count)
{
    if (wav->format == FORMAT_ALAW)
        tr_alaw_decode(wav->data, samples, count);
    else if (wav->format == FORMAT_ULAW)
        tr_ulaw_decode(wav->data, samples, count);
    else
        for (size_t i = 0; i < count; i++)
            samples[i] = (int16_t)get16(wav->data + 2 * i);
}

int tr_wav_parse(const uint8_t *data, size_t length, int16_t **samples, size_t *count, char *why,
                 size_t why_size)
{
    wav_file wav = {0};
    if (length < 12 || memcmp(data, "RIFF", 4) || memcmp(data + 8, "WAVE", 4))
        return refuse(why, why_size, "is not a WAV file");
    find_chunks(&wav, data, length);
    if (check_format(&wav, why, why_size) < 0)
        return -1;
    *count = wav.format == FORMAT_PCM ? wav.data_length / 2 : wav.data_length;
    if (*count == 0)
        return refuse(why, why_size, "holds no sound");
    *samples = malloc(*count * sizeof(int16_t));
    if (!*samples)
        return refuse(why, why_size, "does not fit into memory");
    decode(&wav, *samples, *count);
    return 0;
}

static uint8_t *read_whole(int fd, size_t size, size_t *got)
{
    uint8_t *bytes = malloc(size ? size : 1);
    *got = 0;
    while (bytes && *got < size) {
        ssize_t n = read(fd, bytes + *got, size - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        *got += (size_t)n;
    }
    return bytes;
}

static int load_open(int fd, int16_t **samples, size_t *count, char *why, size_t why_size)
{
    struct stat st;
    size_t got;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return refuse(why, why_size, "is not a regular file");
    if (st.st_size > MAX_FILE)
        return refuse(why, why_size, "is larger than 64 MB");
    uint8_t *bytes = read_whole(fd, (size_t)st.st_size, &got);
    if (!bytes)
        return refuse(why, why_size, "does not fit into memory");
    int result = tr_wav_parse(bytes, got, samples, count, why, why_size);
    free(bytes);
    return result;
}

int tr_wav_load(const char *path, int16_t **samples, size_t *count, char *why, size_t why_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
        return -1;
    }
    int result = load_open(fd, samples, count, why, why_size);
    close(fd);
    return result;
}

void tr_wav_header(uint8_t out[TR_WAV_HEADER], uint32_t samples)
{
    memcpy(out, "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data", 40);
    put32(out + 4, 36 + samples * 2);
    put32(out + 40, samples * 2);
}
