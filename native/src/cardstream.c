/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cardstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tipring.h"

enum {
    PERIOD = TR_TICK_SAMPLES,
    BUFFER_PERIODS = 16, /* how late the engine may be before the capture overruns: 160 ms */
};

void tr_card_stream_close(tr_card_stream *stream)
{
    if (!stream)
        return;
    if (stream->linked)
        snd_pcm_unlink(stream->capture);
    if (stream->capture)
        snd_pcm_close(stream->capture);
    if (stream->playback)
        snd_pcm_close(stream->playback);
    free(stream);
}

static int set_hardware(snd_pcm_t *pcm, int channels)
{
    snd_pcm_hw_params_t *params;
    snd_pcm_uframes_t period = PERIOD, buffer = PERIOD * BUFFER_PERIODS;
    int e;
    snd_pcm_hw_params_alloca(&params);
    if ((e = snd_pcm_hw_params_any(pcm, params)) < 0 ||
        (e = snd_pcm_hw_params_set_access(pcm, params, SND_PCM_ACCESS_RW_INTERLEAVED)) < 0 ||
        (e = snd_pcm_hw_params_set_format(pcm, params, SND_PCM_FORMAT_S16)) < 0 ||
        (e = snd_pcm_hw_params_set_channels(pcm, params, (unsigned)channels)) < 0 ||
        (e = snd_pcm_hw_params_set_rate(pcm, params, TR_SAMPLE_RATE, 0)) < 0 ||
        (e = snd_pcm_hw_params_set_period_size_near(pcm, params, &period, NULL)) < 0 ||
        (e = snd_pcm_hw_params_set_buffer_size_near(pcm, params, &buffer)) < 0)
        return e;
    return snd_pcm_hw_params(pcm, params);
}

static int set_software(snd_pcm_t *pcm)
{
    snd_pcm_sw_params_t *params;
    snd_pcm_uframes_t boundary;
    int e;
    snd_pcm_sw_params_alloca(&params);
    if ((e = snd_pcm_sw_params_current(pcm, params)) < 0 ||
        (e = snd_pcm_sw_params_get_boundary(params, &boundary)) < 0 ||
        (e = snd_pcm_sw_params_set_start_threshold(pcm, params, boundary)) < 0 ||
        (e = snd_pcm_sw_params_set_avail_min(pcm, params, PERIOD)) < 0)
        return e;
    return snd_pcm_sw_params(pcm, params);
}

static int open_one(snd_pcm_t **pcm, const char *device, int channels, snd_pcm_stream_t direction)
{
    int e = snd_pcm_open(pcm, device, direction, SND_PCM_NONBLOCK);
    if (e < 0) {
        *pcm = NULL;
        return e;
    }
    e = set_hardware(*pcm, channels);
    return e < 0 ? e : set_software(*pcm);
}

void tr_card_stream_open(const char *device, int channels, tr_card_opened *news)
{
    tr_card_stream *stream = calloc(1, sizeof(*stream));
    int e = stream ? 0 : -ENOMEM;
    memset(news, 0, sizeof(*news));
    if (e == 0)
        e = open_one(&stream->capture, device, channels, SND_PCM_STREAM_CAPTURE);
    if (e == 0)
        e = open_one(&stream->playback, device, channels, SND_PCM_STREAM_PLAYBACK);
    if (e < 0) {
        snprintf(news->why, sizeof(news->why),
                 "The sound device \"%.80s\" cannot be opened with %d channels at 8000 Hz: %s.",
                 device, channels, snd_strerror(e));
        tr_card_stream_close(stream);
        return;
    }
    stream->linked = snd_pcm_link(stream->capture, stream->playback) == 0;
    news->stream = stream;
}
