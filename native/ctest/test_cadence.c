/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cadenced tones that nobody described, measured faster than real time; and what must not be one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "detect.h"
#include "mix.h"
#include "tone.h"

enum { MAX_SAMPLES = 8000 * 60 };

static int16_t sound[MAX_SAMPLES], sent[MAX_SAMPLES];
static size_t length;
static tr_event heard[64];
static int heard_count;

static void note(void *user, const tr_event *event)
{
    (void)user;
    if (heard_count < 64)
        heard[heard_count++] = *event;
}

static void begin(void)
{
    length = 0;
    memset(sent, 0, sizeof(sent));
}

static tr_cadence_figures figures(int index)
{
    tr_cadence_figures found = {0};
    if (index < heard_count && heard[index].length == sizeof(found))
        memcpy(&found, heard[index].data, sizeof(found));
    return found;
}

static void listen_for(const tr_detect_order *order)
{
    const char *why = "";
    tr_detector *detector = tr_detector_create(order, &why);
    heard_count = 0;
    CHECK(detector != NULL);
    for (size_t at = 0; detector && at + 80 <= length; at += 80)
        tr_detector_feed(detector, sound + at, (int64_t)at + 80, 1,
                         tr_mix_energy(sent + at, TR_TICK_SAMPLES), note, NULL);
    tr_detector_destroy(detector);
}

static void listen(void)
{
    listen_for(&(tr_detect_order){.measure = 1});
}

static void add_tone(double hz1, double hz2, double dbm0, uint32_t on_ms, uint32_t off_ms,
                     int rounds)
{
    tr_tone_segment segment = {{hz1, hz2}, dbm0, on_ms, off_ms};
    tr_tone tone;
    const char *why = "";
    CHECK(tr_tone_init(&tone, &segment, 1, rounds, &why) == 0);
    length += tr_tone_read(&tone, sound + length, MAX_SAMPLES - length);
}

static void add_silence_samples(size_t count)
{
    memset(sound + length, 0, count * sizeof(int16_t));
    length += count;
}

static void add_noise(double dbm0)
{
    double rms = 32767.0 / 1.414 * pow(10.0, (dbm0 - 3.14) / 20.0);
    for (size_t i = 0; i < length; i++) {
        double random = rand() / (double)RAND_MAX * 2.0 - 1.0;
        sound[i] = tr_saturate((int32_t)lround(sound[i] + random * rms * 1.732));
    }
}

static int near(double value, double wanted, double slack)
{
    return fabs(value - wanted) <= slack;
}

static const struct {
    double hz[2];
    uint32_t on_ms, off_ms;
} NETWORKS[] = {
    {{450, 0}, 200, 300}, {{425, 0}, 350, 350}, {{400, 0}, 750, 750},  {{480, 620}, 500, 500},
    {{480, 620}, 250, 250}, {{425, 0}, 80, 80}, {{450, 0}, 1000, 1000}, {{350, 440}, 400, 600},
    {{300, 0}, 165, 335}, {{620, 0}, 100, 900},
};

static void any_cadence_is_measured(void)
{
    for (size_t n = 0; n < sizeof(NETWORKS) / sizeof(NETWORKS[0]); n++) {
        uint32_t on = NETWORKS[n].on_ms, off = NETWORKS[n].off_ms;
        begin();
        add_silence_samples(2005); /* not on a tick */
        add_tone(NETWORKS[n].hz[0], NETWORKS[n].hz[1], -18, on, off, 6);
        add_noise(-60);
        listen();
        CHECK(heard_count == 1);
        tr_cadence_figures found = figures(0);
        CHECK(heard[0].kind == TR_EVENT_CADENCE && found.rounds == 4);
        CHECK(near(found.frequency_hz[0], NETWORKS[n].hz[0], 2.0));
        CHECK(near(found.frequency_hz[1], NETWORKS[n].hz[1], 2.0));
        CHECK(near(found.on_ms, on, 5) && near(found.off_ms, off, 5));
        CHECK(near((double)figures(0).since_sample, 2005, 80));
        CHECK(heard[0].at_sample <= 2005 + 8 * 4 * (on + off) + 160);
    }
}

static void noise_and_level_do_not_matter(void)
{
    int found = 0, tries = 0;
    srand(5);
    for (int level = -12; level >= -27; level -= 5)
        for (int noise = -50; noise <= level - 10; noise += 5) {
            begin();
            add_silence_samples(4000 + (size_t)rand() % 80);
            add_tone(450, 0, level, 200, 300, 10);
            add_noise(noise);
            listen();
            tries++;
            found += heard_count >= 1 && near(figures(0).frequency_hz[0], 450, 4.0) &&
                     near(figures(0).on_ms, 200, 10) && near(figures(0).off_ms, 300, 10);
        }
    CHECK(tries >= 15 && found == tries);
}

static void told_again_while_it_lasts(void)
{
    begin();
    add_tone(450, 0, -15, 200, 300, 13);
    listen();
    CHECK(heard_count == 3 && figures(1).rounds == 8 && figures(2).rounds == 12);
    CHECK(figures(2).since_sample == figures(0).since_sample);
}

/* Pain 2: in a talk of three, another line's busy tone comes back from our hybrid. */
static void what_we_send_ourselves_is_not_reported(void)
{
    begin();
    add_silence_samples(4000);
    add_tone(450, 0, -24, 200, 300, 9);
    for (size_t i = 0; i + 40 < length; i++)
        sent[i] = (int16_t)(sound[i + 40] * 4); /* 12 dB louder, 5 ms earlier */
    listen();
    CHECK(heard_count == 0);
    for (size_t i = 0; i < length; i++)
        sent[i] = (int16_t)(4000 * sin(0.3 * (double)i)); /* our music does not hide the tone */
    listen();
    CHECK(heard_count == 2);
}

static void speech_before_and_after_does_not_matter(void)
{
    begin();
    add_tone(210, 630, -10, 1700, 30, 1);
    add_tone(450, 0, -15, 200, 300, 6);
    add_tone(300, 0, -10, 700, 0, 1);
    listen();
    CHECK(heard_count == 1 && figures(0).on_ms == 200);
}

static void other_tones_are_not_cadences(void)
{
    const struct {
        double hz1, hz2, dbm0;
        uint32_t on_ms, off_ms;
    } others[] = {
        {425, 0, -15, 1000, 4000}, {440, 480, -15, 2000, 4000}, /* ringback */
        {425, 0, -15, 200, 5000},                              /* call waiting */
        {1400, 0, -15, 400, 600}, {1100, 0, -15, 500, 500},    /* recording, fax */
        {2100, 0, -15, 300, 300}, {950, 0, -15, 330, 330},
        {425, 0, -15, 400, 40}, {440, 0, -15, 50, 50},         /* broken dial tone, connecting */
        {425, 0, -45, 350, 350}, {150, 0, -15, 350, 350},
        {697, 1209, -12, 100, 100}, {697, 0, -12, 100, 100},   /* a key, and one without its column */
        {400, 450, -15, 400, 300}, {425, 1300, -15, 350, 350},
    };
    for (size_t n = 0; n < sizeof(others) / sizeof(others[0]); n++) {
        begin();
        add_tone(others[n].hz1, others[n].hz2, others[n].dbm0, others[n].on_ms, others[n].off_ms, 8);
        add_noise(-60);
        listen();
        CHECK(heard_count == 0);
    }
}

static void rounds_must_agree(void)
{
    begin();
    for (int i = 0; i < 8; i++)
        add_tone(450, 0, -15, i % 2 ? 200 : 230, 300, 1);   /* lengths */
    for (int i = 0; i < 8; i++)
        add_tone(i % 2 ? 440 : 460, 0, -15, 200, 300, 1);   /* notes */
    for (int i = 0; i < 8; i++)
        add_tone(450, 0, i % 2 ? -15 : -19, 200, 300, 1);   /* levels */
    for (int i = 0; i < 8; i++)
        add_tone(450, 0, -15, 200, i % 2 ? 300 : 340, 1);   /* pauses */
    for (int i = 0; i < 4; i++) {                           /* British ringback */
        add_tone(425, 0, -15, 400, 200, 1);
        add_tone(425, 0, -15, 400, 2000, 1);
    }
    add_tone(450, 0, -15, 200, 300, 3); /* too few */
    listen();
    CHECK(heard_count == 0);
}

static void pauses_must_be_silent(void)
{
    begin();
    for (int i = 0; i < 10; i++) {
        add_tone(450, 0, -15, 200, 0, 1);
        add_tone(900, 0, -20, 300, 0, 1);
    }
    listen();
    CHECK(heard_count == 0);
}

static void levels_that_move_are_no_tone(void)
{
    begin();
    for (int i = 0; i < 10; i++) { /* a plucked string */
        size_t from = length;
        add_tone(440, 0, -8, 300, 300, 1);
        for (size_t k = from; k < from + 2400; k++)
            sound[k] = (int16_t)(sound[k] * exp(-(double)(k - from) / 1000.0));
    }
    listen();
    CHECK(heard_count == 0);
}

/* 480 and 620 Hz beat: without the measurement a busy tone would pass for an answer. */
static void unknown_tones_are_not_voice(void)
{
    for (size_t n = 0; n < sizeof(NETWORKS) / sizeof(NETWORKS[0]); n++) {
        begin();
        add_silence_samples(8000);
        add_tone(NETWORKS[n].hz[0], NETWORKS[n].hz[1], -18, NETWORKS[n].on_ms, NETWORKS[n].off_ms, 6);
        add_noise(-60);
        listen_for(&(tr_detect_order){.measure = 1, .voice = 1});
        CHECK(heard_count == 1 && heard[0].kind == TR_EVENT_CADENCE);
    }
}

CHECK_MAIN(TEST(unknown_tones_are_not_voice), TEST(any_cadence_is_measured), TEST(noise_and_level_do_not_matter),
           TEST(told_again_while_it_lasts), TEST(what_we_send_ourselves_is_not_reported),
           TEST(speech_before_and_after_does_not_matter), TEST(other_tones_are_not_cadences),
           TEST(rounds_must_agree), TEST(pauses_must_be_silent),
           TEST(levels_that_move_are_no_tone))
