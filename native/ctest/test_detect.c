/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detectors fed faster than real time: digits, call-progress tones, voice, caller ID. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "callerid.h"
#include "check.h"
#include "detect.h"
#include "tone.h"

enum { MAX_SAMPLES = 8000 * 40 };

static int16_t sound[MAX_SAMPLES + 8000];
static size_t length;
static tr_event heard[64];
static int heard_count;

static void note(void *user, const tr_event *event)
{
    (void)user;
    if (heard_count < 64)
        heard[heard_count++] = *event;
}

static int count_of(int kind)
{
    int count = 0;
    for (int i = 0; i < heard_count; i++)
        count += heard[i].kind == kind;
    return count;
}

static void listen(const tr_detect_order *order)
{
    const char *why = "";
    tr_detector *detector = tr_detector_create(order, &why);
    heard_count = 0;
    CHECK(detector != NULL);
    for (size_t at = 0; detector && at + 80 <= length; at += 80)
        tr_detector_feed(detector, sound + at, (int64_t)at + 80, 1, 0.0, note, NULL);
    tr_detector_destroy(detector);
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

static void add_silence(uint32_t ms)
{
    memset(sound + length, 0, ms * 8 * sizeof(int16_t));
    length += ms * 8;
}

static double random_unit(void)
{
    return rand() / (double)RAND_MAX * 2.0 - 1.0;
}

static void add_noise(double rms)
{
    for (size_t i = 0; i < length; i++)
        sound[i] = tr_saturate((int32_t)(sound[i] + random_unit() * rms * 1.732));
}

/* Harmonics of a gliding pitch under a syllable envelope, with hissing gaps: it has 425 Hz in it
 * often, and energy and pauses like speech. */
static void add_babble(uint32_t ms)
{
    double phase = 0.0, pitch = 140.0;
    for (uint32_t i = 0; i < ms * 8; i++) {
        double t = i / 8000.0, syllable = 0.5 - 0.5 * cos(2.0 * M_PI * t * 3.7);
        pitch = 140.0 + 70.0 * sin(2.0 * M_PI * t * 0.43) + 15.0 * sin(2.0 * M_PI * t * 2.1);
        phase += 2.0 * M_PI * pitch / 8000.0;
        double voice = 0.0;
        for (int h = 1; h < 12; h++)
            voice += sin(h * phase) / h * (1.0 + cos(h * 0.9 + 3.0 * t));
        double hiss = random_unit() * (sin(2.0 * M_PI * t * 1.3) > 0.7 ? 1.0 : 0.05);
        sound[length++] = tr_saturate((int32_t)(2500.0 * syllable * (voice + hiss)));
    }
}

static const tr_tone_template BUSY = {
    .id = 5, .cycles = 2, .frequency_hz = {425}, .on_ms = {300, 400}, .off_ms = {300, 400}};
static const tr_tone_template CONGESTION = {
    .id = 6, .cycles = 3, .frequency_hz = {425}, .on_ms = {150, 230}, .off_ms = {150, 230}};
static const tr_tone_template DIAL = {
    .id = 1, .cycles = 1, .frequency_hz = {425}, .on_ms = {600, 0}};
static const tr_tone_template RINGBACK_US = {
    .id = 3, .cycles = 1, .frequency_hz = {440, 480}, .on_ms = {1800, 2200}, .off_ms = {3500, 4500}};
static const tr_tone_template DIAL_UK = {
    .id = 2, .cycles = 1, .frequency_hz = {350, 440}, .on_ms = {600, 0}};

static void all_digits_are_heard_once(void)
{
    const char digits[] = "1234567890*#ABCD";
    int16_t *samples;
    size_t count;
    const char *why;
    CHECK(tr_tone_render_digits(digits, 16, 60, 60, -12.0, &samples, &count, &why) == 0);
    memcpy(sound, samples, count * 2);
    length = count;
    add_silence(100);
    free(samples);
    listen(&(tr_detect_order){.digits = 1});
    CHECK(heard_count == 16);
    for (int i = 0; i < heard_count && i < 16; i++)
        CHECK(heard[i].kind == TR_EVENT_DIGIT && heard[i].id == digits[i]);
}

/* Dial tone of the country comes back from the line while the caller begins to dial. */
static void digits_are_heard_through_dial_tone(void)
{
    const double tones[][2] = {{425, 0}, {400, 0}, {350, 440}, {400, 425}};
    for (int t = 0; t < 4; t++) {
        int16_t *samples;
        size_t count;
        const char *why;
        CHECK(tr_tone_render_digits("12357890*#", 10, 70, 70, -22.0, &samples, &count, &why) == 0);
        length = 0;
        add_tone(tones[t][0], tones[t][1], -15, 2000, 0, 1);
        for (size_t i = 0; i < count; i++)
            sound[i] = tr_saturate(sound[i] + samples[i]);
        free(samples);
        listen(&(tr_detect_order){.digits = 1});
        CHECK(heard_count == 10);
    }
}

static void busy_is_found_among_the_others(void)
{
    const tr_tone_template all[] = {BUSY, CONGESTION, DIAL};
    for (int level = -10; level >= -30; level -= 10) {
        srand(2);
        length = 0;
        add_silence(500);
        add_tone(425, 0, level, 350, 350, 6);
        add_silence(2000);
        add_noise(32767 / 1.414 * pow(10.0, (level - 3.14 - 15.0) / 20.0)); /* 15 dB SNR */
        listen(&(tr_detect_order){.templates = all, .template_count = 3});
        CHECK(heard_count == 2);
        CHECK(heard[0].kind == TR_EVENT_TONE && heard[0].id == 5);
        CHECK(labs((long)heard[0].since_sample - 4000) <= 240);
        CHECK(heard[0].at_sample - 4000 <= 8 * 1500);
        CHECK(heard[1].kind == TR_EVENT_TONE_ENDED && heard[1].id == 5);
    }
}

static void congestion_is_not_busy(void)
{
    const tr_tone_template all[] = {BUSY, CONGESTION, DIAL};
    length = 0;
    add_tone(430, 0, -20, 180, 180, 12);
    listen(&(tr_detect_order){.templates = all, .template_count = 3});
    CHECK(heard_count == 1 && heard[0].id == 6);
}

static void continuous_tones_are_found(void)
{
    const tr_tone_template all[] = {BUSY, DIAL, DIAL_UK, RINGBACK_US};
    length = 0;
    add_tone(425, 0, -15, 3000, 500, 1);
    add_tone(350, 440, -18, 3000, 500, 1);
    listen(&(tr_detect_order){.templates = all, .template_count = 4});
    CHECK(heard_count == 4);
    CHECK(heard[0].kind == TR_EVENT_TONE && heard[0].id == 1);
    CHECK(heard[1].kind == TR_EVENT_TONE_ENDED && heard[1].id == 1);
    CHECK(heard[2].kind == TR_EVENT_TONE && heard[2].id == 2);
    CHECK(heard[3].kind == TR_EVENT_TONE_ENDED && heard[3].id == 2);
}

static void beating_ringback_is_found(void)
{
    length = 0;
    add_tone(440, 480, -19, 2000, 4000, 2);
    listen(&(tr_detect_order){.templates = &RINGBACK_US, .template_count = 1});
    CHECK(heard_count == 1 && heard[0].id == 3);
}

static void other_tones_are_not_reported(void)
{
    const tr_tone_template all[] = {BUSY, CONGESTION, DIAL};
    length = 0;
    add_tone(470, 0, -15, 350, 350, 6);  /* 45 Hz off */
    add_tone(425, 0, -15, 600, 350, 6);  /* burst too long for busy, pauses for dial */
    add_tone(425, 0, -15, 350, 700, 6);  /* pause too long */
    add_tone(425, 0, -50, 350, 350, 6);  /* too weak */
    listen(&(tr_detect_order){.templates = all, .template_count = 2});
    CHECK(heard_count == 0);
}

static void speech_is_no_tone_and_no_digit(void)
{
    const tr_tone_template all[] = {BUSY, CONGESTION, DIAL, RINGBACK_US};
    srand(3);
    length = 0;
    add_babble(30000);
    listen(&(tr_detect_order){.digits = 1, .templates = all, .template_count = 4});
    CHECK(heard_count == 0);
}

static void voice_is_told_from_tones(void)
{
    const tr_tone_template all[] = {BUSY, DIAL, RINGBACK_US};
    const tr_detect_order order = {.templates = all, .template_count = 3, .voice = 1};
    srand(4);
    length = 0;
    add_silence(1000);
    add_tone(440, 480, -19, 2000, 4000, 2);
    add_tone(425, 0, -15, 350, 350, 4);
    add_tone(950, 0, -15, 2000, 500, 1); /* unknown, but steady */
    add_noise(20);
    listen(&order);
    CHECK(count_of(TR_EVENT_VOICE) == 0);
    length = 0;
    add_silence(1000);
    add_babble(2000);
    add_noise(20);
    listen(&order);
    CHECK(count_of(TR_EVENT_VOICE) >= 1);
    CHECK(heard_count > 0 && heard[0].at_sample < 8 * 2000);
}

static void caller_id_goes_both_ways(void)
{
    const uint8_t message[] = "\x80\x14\x01\x08" "08311530" "\x02\x08" "5551212A";
    for (int fsk = TR_FSK_BELL202; fsk <= TR_FSK_V23; fsk++) {
        int16_t *samples;
        size_t count;
        CHECK(tr_callerid_render(fsk, message, 22, 250, &samples, &count) == 0);
        memset(sound, 0, sizeof(sound));
        memcpy(sound, samples, count * 2);
        free(samples);
        length = count + 4000;
        add_noise(60);
        listen(&(tr_detect_order){.caller_id = fsk});
        CHECK(heard_count == 1 && heard[0].kind == TR_EVENT_CALLER_ID && heard[0].id == 1);
        CHECK(heard[0].length == 22 && !memcmp(heard[0].data, message, 22));
        for (size_t i = count - 700; i < count - 500; i++) /* spoil a byte */
            sound[i] = 0;
        listen(&(tr_detect_order){.caller_id = fsk});
        CHECK(heard_count == 1 && heard[0].id == 0);
    }
}

static void nonsense_templates_are_refused(void)
{
    tr_tone_template bad[] = {BUSY, BUSY, BUSY, BUSY};
    const char *why = "";
    bad[0].frequency_hz[0] = 5000;
    bad[1].on_ms[0] = 900;
    bad[2].cycles = 0;
    bad[3].frequency_hz[0] = NAN;
    for (int i = 0; i < 4; i++)
        CHECK(!tr_detector_create(
            &(tr_detect_order){.templates = &bad[i], .template_count = 1}, &why));
}

CHECK_MAIN(TEST(all_digits_are_heard_once), TEST(digits_are_heard_through_dial_tone),
           TEST(busy_is_found_among_the_others),
           TEST(congestion_is_not_busy), TEST(continuous_tones_are_found),
           TEST(beating_ringback_is_found), TEST(other_tones_are_not_reported),
           TEST(speech_is_no_tone_and_no_digit), TEST(voice_is_told_from_tones),
           TEST(caller_id_goes_both_ways), TEST(nonsense_templates_are_refused))
