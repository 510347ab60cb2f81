/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect.h"

#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

#include "cadence.h"
#include "callerid.h"
#include "progress.h"
#include "tone.h"
#include "voice.h"

/* High-pass before the DTMF receiver: a caller dials while dial tone still comes back from the
 * line. Elliptic, 4th order: 30 dB down below 520 Hz, 0.5 dB of ripple from 680 Hz (697 Hz less
 * 1.5 %). libspandsp's own filter knows 350 and 440 Hz only. Each row: b0 b1 b2 a1 a2. */
static const float DIAL_TONE_FILTER[2][5] = {
    {0.53753369f, -1.05643970f, 0.53753369f, -1.05221372f, 0.39949742f},
    {1.0f, -1.85204205f, 1.0f, -1.64821267f, 0.89917324f},
};

struct tr_detector {
    dtmf_rx_state_t *dtmf;   /* null: digits not armed */
    float filter[2][2];      /* state of DIAL_TONE_FILTER */
    tr_callerid_rx *caller_id;
    tr_progress progress;
    tr_voice voice;
    tr_cadence *cadence;     /* null: not armed */
    int want_voice;
    int digit;               /* a digit is sounding */
    /* valid during a feed */
    int64_t sample;
    tr_detector_report report;
    void *user;
};

static void tell(tr_detector *detector, tr_event *event)
{
    event->at_sample = detector->sample;
    detector->report(detector->user, event);
}

/* Digit at its start, 0 at its end. */
static void on_digit(void *user, int code, int level, int delay)
{
    tr_detector *detector = user;
    (void)level;
    (void)delay;
    detector->digit = code;
    if (code) {
        tr_event event = {.kind = TR_EVENT_DIGIT, .id = code};
        tell(detector, &event);
    }
}

static void on_tone(void *user, int32_t kind, int32_t id, int64_t since)
{
    tr_event event = {.kind = kind, .id = id, .since_sample = since};
    tell(user, &event);
}

static void on_caller_id(void *user, const uint8_t *message, size_t length, int ok)
{
    tr_event event = {.kind = TR_EVENT_CALLER_ID, .id = ok, .length = (uint32_t)length};
    memcpy(event.data, message, length);
    tell(user, &event);
}

static int arm(tr_detector *detector, const tr_detect_order *order)
{
    if (order->digits) {
        detector->dtmf = dtmf_rx_init(NULL, NULL, NULL);
        if (!detector->dtmf)
            return -1;
        dtmf_rx_set_realtime_callback(detector->dtmf, on_digit, detector);
    }
    if (order->caller_id) {
        detector->caller_id = tr_callerid_create(order->caller_id, on_caller_id, detector);
        if (!detector->caller_id)
            return -1;
    }
    if (order->measure) {
        detector->cadence = tr_cadence_create();
        if (!detector->cadence)
            return -1;
    }
    return 0;
}

tr_detector *tr_detector_create(const tr_detect_order *order, const char **why)
{
    tr_detector *detector = calloc(1, sizeof(*detector));
    *why = "There is no memory for the detectors.";
    if (!detector)
        return NULL;
    if (arm(detector, order) < 0 ||
        tr_progress_init(&detector->progress, order->templates, order->template_count, why) < 0) {
        tr_detector_destroy(detector);
        return NULL;
    }
    tr_voice_init(&detector->voice);
    detector->want_voice = order->voice;
    return detector;
}

void tr_detector_destroy(tr_detector *detector)
{
    if (!detector)
        return;
    if (detector->dtmf)
        dtmf_rx_free(detector->dtmf);
    tr_callerid_destroy(detector->caller_id);
    tr_cadence_destroy(detector->cadence);
    free(detector);
}

int tr_detector_wants_digits(const tr_detector *detector)
{
    return detector && detector->dtmf != NULL;
}

static float filter_one(float (*state)[2], float x)
{
    for (int i = 0; i < 2; i++) { /* transposed direct form II */
        const float *c = DIAL_TONE_FILTER[i];
        float y = c[0] * x + state[i][0];
        state[i][0] = c[1] * x - c[3] * y + state[i][1];
        state[i][1] = c[2] * x - c[4] * y;
        x = y;
    }
    return x;
}

static void feed_digits(tr_detector *detector, const int16_t *samples)
{
    int16_t filtered[TR_TICK_SAMPLES];
    for (int i = 0; i < TR_TICK_SAMPLES; i++)
        filtered[i] = tr_saturate((int32_t)filter_one(detector->filter, samples[i]));
    dtmf_rx(detector->dtmf, filtered, TR_TICK_SAMPLES);
}

static int measure(tr_detector *detector, const int16_t *samples, double sent_energy)
{
    tr_cadence_figures found;
    if (!tr_cadence_feed(detector->cadence, samples, detector->sample, sent_energy, &found))
        return tr_cadence_sounds(detector->cadence);
    tr_event event = {.kind = TR_EVENT_CADENCE, .length = sizeof(found)};
    memcpy(event.data, &found, sizeof(found));
    tell(detector, &event);
    return 0;
}

void tr_detector_feed(tr_detector *detector, const int16_t samples[TR_TICK_SAMPLES], int64_t sample,
                      int in_band, double sent_energy, tr_detector_report report, void *user)
{
    detector->sample = sample;
    detector->report = report;
    detector->user = user;
    if (detector->dtmf && in_band)
        feed_digits(detector, samples);
    if (detector->caller_id)
        tr_callerid_feed(detector->caller_id, samples, TR_TICK_SAMPLES);
    int tone = tr_progress_feed(&detector->progress, samples, sample, on_tone, detector);
    if (detector->cadence)
        tone |= measure(detector, samples, sent_energy);
    if (detector->want_voice &&
        tr_voice_feed(&detector->voice, samples, tone || detector->digit)) {
        tr_event event = {.kind = TR_EVENT_VOICE};
        tell(detector, &event);
    }
}
