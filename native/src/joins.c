/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is in a bridge with whom, control thread; bridge.c does the mixing.
 */
#include <stdlib.h>

#include "control.h"

static int bridge_in_use(const tr_engine *engine, int32_t bridge)
{
    for (int i = 0; i < engine->leg_count; i++)
        if (engine->legs[i]->bridge_id == bridge)
            return 1;
    return 0;
}

/* The engine's slot of a bridge; those that nobody is in any more are free again. There are as many
 * slots as legs, so one is always found. */
static int slot_of(tr_engine *engine, int32_t bridge)
{
    int spare = 0;
    for (int i = 0; i < TR_MAX_BRIDGES; i++)
        if (engine->bridge_ids[i] == bridge)
            return i;
    while (spare < TR_MAX_BRIDGES - 1 && engine->bridge_ids[spare] &&
           bridge_in_use(engine, engine->bridge_ids[spare]))
        spare++;
    engine->bridge_ids[spare] = bridge;
    return spare;
}

static tr_join *new_join(tr_engine *engine, const int32_t *legs, size_t count, int *result)
{
    tr_join *join = malloc(sizeof(*join) + count * sizeof(tr_port *));
    *result = TR_ERR_MEMORY;
    if (!join) {
        tr_control_fail(engine, TR_ERR_MEMORY, "There is no memory for the bridge.");
        return NULL;
    }
    join->count = count;
    for (size_t i = 0; i < count; i++) {
        join->ports[i] = tr_control_find(engine, legs[i]);
        if (!join->ports[i]) {
            *result = TR_ERR_NO_LEG;
            free(join);
            return NULL;
        }
    }
    return join;
}

static void note_members(tr_engine *engine, int32_t bridge, const int32_t *legs, size_t count)
{
    for (int i = 0; i < engine->leg_count; i++)
        if (engine->legs[i]->bridge_id == bridge)
            engine->legs[i]->bridge_id = 0;
    for (size_t i = 0; i < count; i++)
        tr_control_find(engine, legs[i])->bridge_id = bridge;
}

int tr_join_bridge(tr_engine *engine, int32_t bridge, const int32_t *legs, size_t count)
{
    int result;
    if (bridge < 1 || count > TR_MAX_LEGS)
        return tr_control_fail(engine, TR_ERR_ARGUMENT,
                               "Bridge numbers begin at 1, and a bridge has at most %d legs.",
                               TR_MAX_LEGS);
    tr_join *join = new_join(engine, legs, count, &result);
    if (!join)
        return result;
    join->bridge = slot_of(engine, bridge);
    result = tr_control_send(engine, TR_ORDER_JOIN, NULL, join, 0);
    if (result < 0)
        free(join);
    else
        note_members(engine, bridge, legs, count);
    return result;
}

int tr_leave_bridge(tr_engine *engine, int32_t leg)
{
    tr_port *port = tr_control_find(engine, leg);
    if (!port)
        return TR_ERR_NO_LEG;
    port->bridge_id = 0;
    return tr_control_send(engine, TR_ORDER_LEAVE, port, NULL, 0);
}
