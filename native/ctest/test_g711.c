/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Companding under the sanitizers; exactness is proved by tests/native/test_g711.py. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "g711.h"

typedef void encode_fn(const int16_t *, uint8_t *, size_t);
typedef void decode_fn(const uint8_t *, int16_t *, size_t);

static int16_t through(encode_fn *encode, decode_fn *decode, int16_t sample)
{
    uint8_t code;
    int16_t back;
    encode(&sample, &code, 1);
    decode(&code, &back, 1);
    return back;
}

/* Half an interval of the segment: 1/32 of the sample, never under the least step. */
static void all_samples_come_back_within_their_interval(void)
{
    for (int sample = -32768; sample <= 32767; sample++) {
        int size = abs(sample), limit = size / 31 + 16;
        int alaw = through(tr_alaw_encode, tr_alaw_decode, (int16_t)sample);
        int ulaw = through(tr_ulaw_encode, tr_ulaw_decode, (int16_t)sample);
        CHECK(abs(alaw - sample) <= limit);
        CHECK(abs(ulaw - sample) <= limit || size > 32635);
    }
}

static void order_is_kept(void)
{
    int16_t last_alaw = -32768, last_ulaw = -32768;
    for (int sample = -32768; sample <= 32767; sample++) {
        int16_t alaw = through(tr_alaw_encode, tr_alaw_decode, (int16_t)sample);
        int16_t ulaw = through(tr_ulaw_encode, tr_ulaw_decode, (int16_t)sample);
        CHECK(alaw >= last_alaw && ulaw >= last_ulaw);
        last_alaw = alaw;
        last_ulaw = ulaw;
    }
}

/* Buffers of exactly n, so that a read or write too far is seen. */
static void any_length_stays_inside(void)
{
    for (size_t n = 0; n < 100; n++) {
        int16_t *linear = calloc(n + 1, sizeof *linear);
        uint8_t *codes = malloc(n ? n : 1);
        int16_t *back = malloc((n ? n : 1) * sizeof *back);
        for (size_t i = 0; i < n; i++)
            linear[i] = (int16_t)(i * 300);
        tr_alaw_encode(linear, codes, n);
        tr_alaw_decode(codes, back, n);
        tr_ulaw_encode(back, codes, n);
        tr_ulaw_decode(codes, back, n);
        for (size_t i = 0; i < n; i++)
            CHECK(abs(back[i] - linear[i]) <= linear[i] / 10 + 32);
        free(linear);
        free(codes);
        free(back);
    }
}

CHECK_MAIN(TEST(all_samples_come_back_within_their_interval), TEST(order_is_kept),
           TEST(any_length_stays_inside))
