/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wav.h"

tr_player *tr_player_create(tr_player_source source, int32_t end_event, int32_t play)
{
    tr_player *player = calloc(1, sizeof(*player));
    if (!player)
        return NULL;
    player->source = source;
    player->end_event = end_event;
    player->play = play;
    return player;
}

void tr_player_destroy(tr_player *player)
{
    if (!player)
        return;
    for (size_t i = 0; i < player->clip_count; i++)
        free(player->clips[i].samples);
    free(player->clips);
    free(player);
}

int tr_player_add(tr_player *player, int16_t *samples, size_t count)
{
    tr_clip *clips = realloc(player->clips, (player->clip_count + 1) * sizeof(*clips));
    if (!clips) {
        free(samples);
        return -1;
    }
    player->clips = clips;
    clips[player->clip_count++] = (tr_clip){samples, count};
    return 0;
}

static void note(tr_player *player, const char *path, const char *why)
{
    size_t used = strlen(player->reason);
    snprintf(player->reason + used, sizeof(player->reason) - used, "%s%s %s", used ? "; " : "",
             path, why);
}

void tr_player_load(tr_player *player, const char *path)
{
    int16_t *samples;
    size_t count;
    char why[128];
    if (tr_wav_load(path, &samples, &count, why, sizeof(why)) < 0)
        note(player, path, why);
    else if (tr_player_add(player, samples, count) < 0)
        note(player, path, "does not fit into memory");
}

static size_t read_clips(tr_player *player, int16_t *out, size_t n)
{
    size_t done = 0;
    while (done < n && player->clip < player->clip_count) {
        const tr_clip *clip = &player->clips[player->clip];
        size_t take = clip->count - player->at < n - done ? clip->count - player->at : n - done;
        memcpy(out + done, clip->samples + player->at, take * sizeof(int16_t));
        done += take;
        player->at += take;
        if (player->at == clip->count) {
            player->at = 0;
            player->clip++;
            if (player->loop && player->clip == player->clip_count)
                player->clip = 0;
        }
    }
    return done;
}

size_t tr_player_read(tr_player *player, int16_t *out, size_t n)
{
    if (player->source == TR_PLAYER_TONE)
        return tr_tone_read(&player->tone, out, n);
    return read_clips(player, out, n);
}
