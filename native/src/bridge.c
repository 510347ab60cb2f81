/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core.h"
#include "mix.h"

void tr_bridge_leave(tr_port *port)
{
    if (port->bridge >= 0)
        port->engine->bridges[port->bridge].members--;
    port->bridge = -1;
}

static void put_in(tr_port *port, int bridge)
{
    tr_bridge_leave(port);
    port->bridge = bridge;
    port->engine->bridges[bridge].members++;
}

void tr_bridge_join(tr_engine *engine, const tr_join *join)
{
    for (int i = 0; i < engine->port_count; i++)
        if (engine->ports[i]->bridge == join->bridge)
            tr_bridge_leave(engine->ports[i]);
    for (size_t i = 0; i < join->count; i++)
        put_in(join->ports[i], join->bridge);
}

void tr_bridge_mix(tr_engine *engine)
{
    for (int i = 0; i < engine->port_count; i++)
        if (engine->ports[i]->bridge >= 0)
            memset(engine->bridges[engine->ports[i]->bridge].sum, 0,
                   sizeof(engine->bridges[0].sum));
    for (int i = 0; i < engine->port_count; i++) {
        const tr_port *port = engine->ports[i];
        if (port->bridge >= 0)
            tr_mix_add(engine->bridges[port->bridge].sum, port->rx, TR_TICK_SAMPLES);
    }
}

void tr_bridge_hear(tr_port *port)
{
    tr_mix_others(port->engine->bridges[port->bridge].sum, port->rx, port->tx, TR_TICK_SAMPLES);
}
