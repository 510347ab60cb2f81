/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WAV files: what is accepted, what is refused and with which words, and bytes that are nonsense. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "wav.h"

enum { SAMPLES = 100, SIZE = TR_WAV_HEADER + 2 * SAMPLES };

static uint8_t file[SIZE];
static char why[128];

static void fresh(void)
{
    tr_wav_header(file, SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
        file[TR_WAV_HEADER + 2 * i] = (uint8_t)(i * 100);
        file[TR_WAV_HEADER + 2 * i + 1] = (uint8_t)(i * 100 >> 8);
    }
}

static int parse(size_t length, size_t *count)
{
    int16_t *samples = NULL;
    uint8_t *copy = malloc(length ? length : 1); /* exact size: reading over the end is seen */
    memcpy(copy, file, length);
    int result = tr_wav_parse(copy, length, &samples, count, why, sizeof(why));
    if (result == 0)
        free(samples);
    free(copy);
    return result;
}

static void own_files_are_read(void)
{
    int16_t *samples = NULL;
    size_t count = 0;
    fresh();
    CHECK(tr_wav_parse(file, SIZE, &samples, &count, why, sizeof(why)) == 0);
    CHECK(count == SAMPLES);
    for (int i = 0; i < SAMPLES; i++)
        CHECK(samples[i] == i * 100);
    free(samples);
}

static void cut_files_give_what_is_there(void)
{
    size_t count = 0;
    fresh();
    CHECK(parse(SIZE - 50, &count) == 0 && count == SAMPLES - 25);
    CHECK(parse(SIZE - 1, &count) == 0 && count == SAMPLES - 1);
}

static void refusals_have_reasons(void)
{
    size_t count;
    fresh();
    CHECK(parse(0, &count) < 0 && strstr(why, "not a WAV file"));
    CHECK(parse(20, &count) < 0 && strstr(why, "no format chunk"));
    CHECK(parse(TR_WAV_HEADER, &count) < 0 && strstr(why, "no sound"));
    file[22] = 2;
    CHECK(parse(SIZE, &count) < 0 && strstr(why, "2 channels"));
    fresh();
    file[24] = 0x44, file[25] = 0xAC;
    CHECK(parse(SIZE, &count) < 0 && strstr(why, "44100 Hz"));
    fresh();
    file[34] = 8;
    CHECK(parse(SIZE, &count) < 0 && strstr(why, "8 bits"));
    fresh();
    file[20] = 85;
    CHECK(parse(SIZE, &count) < 0 && strstr(why, "encoding 85"));
    CHECK(tr_wav_load("/nowhere/at/all.wav", NULL, NULL, why, sizeof(why)) < 0 &&
          strstr(why, "No such file"));
    CHECK(tr_wav_load("/", NULL, NULL, why, sizeof(why)) < 0 && strstr(why, "regular"));
}

static void companded_files_are_read(void)
{
    size_t count = 0;
    for (int law = 6; law <= 7; law++) {
        fresh();
        file[20] = (uint8_t)law;
        file[34] = 8;
        CHECK(parse(SIZE, &count) == 0 && count == 2 * SAMPLES);
    }
}

static void any_bytes_are_survived(void)
{
    size_t count;
    int accepted = 0;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        fresh();
        for (int i = rand() % 8; i >= 0; i--)
            file[rand() % TR_WAV_HEADER] = (uint8_t)rand();
        accepted += parse((size_t)(rand() % (SIZE + 1)), &count) == 0;
    }
    CHECK(accepted > 0);
}

CHECK_MAIN(TEST(own_files_are_read), TEST(cut_files_give_what_is_there),
           TEST(refusals_have_reasons), TEST(companded_files_are_read),
           TEST(any_bytes_are_survived))
