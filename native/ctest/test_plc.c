/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Concealment under the sanitizers: any block sizes, any samples. */
#include <stdlib.h>

#include "check.h"
#include "plc.h"

static unsigned seed = 1;

static unsigned chance(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void any_blocks_in_any_order(void)
{
    tr_plc plc = {0};
    for (int round = 0; round < 100000; round++) {
        size_t n = chance(TR_PLC_MAX_BLOCK + 1);
        int16_t *block = malloc((n ? n : 1) * sizeof *block);
        for (size_t i = 0; i < n; i++)
            block[i] = chance(3) ? (int16_t)(chance(65536) - 32768u) : INT16_MIN;
        if (chance(3))
            tr_plc_good(&plc, block, n);
        else
            tr_plc_lost(&plc, block, n);
        free(block);
        CHECK(plc.pitch == 0 || (plc.pitch >= TR_PLC_PITCH_MIN && plc.pitch <= TR_PLC_PITCH_MAX));
    }
}

static void a_long_gap_is_silent(void)
{
    tr_plc plc = {0};
    int16_t block[TR_PLC_MAX_BLOCK];
    for (int i = 0; i < TR_PLC_MAX_BLOCK; i++)
        block[i] = (int16_t)(i % 50 * 500);
    tr_plc_good(&plc, block, TR_PLC_MAX_BLOCK);
    for (int i = 0; i < 1000; i++)
        tr_plc_lost(&plc, block, 80);
    for (int i = 0; i < 80; i++)
        CHECK(block[i] == 0);
    tr_plc_reset(&plc);
    CHECK(plc.pitch == 0 && plc.lost_samples == 0);
}

CHECK_MAIN(TEST(any_blocks_in_any_order), TEST(a_long_gap_is_silent))
