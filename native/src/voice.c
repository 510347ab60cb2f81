/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "voice.h"

#include <math.h>
#include <string.h>

#include "mix.h"

enum { RING = TR_VOICE_WINDOW + TR_VOICE_GUARD, ENOUGH_TICKS = 30 };
#define LOWEST_DBM0 (-38.0)
#define ABOVE_FLOOR_DB 12.0
#define MOVES_DB 0.8 /* mean step between ticks: a tone's is below 0.3, speech's above 1.5 */

void tr_voice_init(tr_voice *voice)
{
    memset(voice, 0, sizeof(*voice));
    voice->floor_dbm0 = -60.0;
}

/* Falls at once, rises 3 dB a second: follows a line's noise, not the pauses of speech. */
static void follow_floor(tr_voice *voice, double dbm0)
{
    if (dbm0 < voice->floor_dbm0)
        voice->floor_dbm0 = dbm0;
    else
        voice->floor_dbm0 += 0.03;
}

static int is_active(const tr_voice *voice, double dbm0)
{
    return dbm0 > LOWEST_DBM0 && dbm0 > voice->floor_dbm0 + ABOVE_FLOOR_DB;
}

static int near_tone(const tr_voice *voice, int index)
{
    for (int i = -TR_VOICE_GUARD; i <= TR_VOICE_GUARD; i++)
        if (voice->tone[(index + i + RING) % RING])
            return 1;
    return 0;
}

static int counts(const tr_voice *voice, int back)
{
    int index = (voice->at - 1 - back + 2 * RING) % RING;
    return is_active(voice, voice->level[index]) && !near_tone(voice, index);
}

static int looks_like_speech(const tr_voice *voice)
{
    int active = 0, steps = 0;
    double moved = 0.0;
    for (int back = TR_VOICE_GUARD; back < RING - TR_VOICE_GUARD; back++) {
        int index = (voice->at - 1 - back + 2 * RING) % RING;
        if (!counts(voice, back))
            continue;
        active++;
        if (counts(voice, back + 1)) {
            moved += fabs(voice->level[index] - voice->level[(index - 1 + RING) % RING]);
            steps++;
        }
    }
    return active >= ENOUGH_TICKS && steps > 0 && moved / steps >= MOVES_DB;
}

int tr_voice_feed(tr_voice *voice, const int16_t samples[TR_TICK_SAMPLES], int tone)
{
    double dbm0 = tr_mix_dbm0(tr_mix_energy(samples, TR_TICK_SAMPLES) / TR_TICK_SAMPLES);
    follow_floor(voice, dbm0);
    voice->level[voice->at] = dbm0;
    voice->tone[voice->at] = (uint8_t)(tone != 0);
    voice->at = (voice->at + 1) % RING;
    if (voice->filled < RING) {
        voice->filled++;
        return 0;
    }
    int speech = looks_like_speech(voice), began = speech && !voice->heard;
    voice->heard = speech;
    return began;
}
