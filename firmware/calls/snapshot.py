# SPDX-License-Identifier: GPL-2.0-or-later
"""What people may watch: lines, calls, queues and agents as plain data, not live objects. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.queue import waiting
from firmware.calls.states import LegState, Talk
from firmware.calls.walker import Walker
from firmware.values import LineId
from firmware.views import AgentView, CallView, LineView, QueueView, Snapshot

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.context import Context
    from firmware.calls.leg import Leg

_WORDS = {
    LegState.SEIZED: "dialling",
    LegState.CALLING: "calling",
    LegState.RINGING: "ringing",
    LegState.ANSWERED: "connected",
    LegState.RELEASING: "releasing",
    LegState.ENDED: "releasing",
}


def snapshot(ctx: Context) -> Snapshot:
    """The switch as it is now."""
    return Snapshot(
        lines=tuple(_line(ctx, line) for line in ctx.table.lines),
        calls=tuple(_call(ctx, call) for call in ctx.calls.values()),
        queues=tuple(_queue(ctx, name) for name in ctx.table.queues),
        agents=tuple(_agent(ctx, extension) for extension in ctx.table.people),
    )


def _line(ctx: Context, line: LineId) -> LineView:
    legs = [leg for leg in ctx.legs.values() if leg.line == line]
    leg = legs[0] if legs else None
    call = None if leg is None else leg.call or leg.held
    return LineView(
        line,
        ctx.kind_of(line).value,
        ctx.table.owner_of(line) or "",
        _line_state(ctx, line, leg),
        ctx.out_of_service.get(line, ""),
        len(legs),
        None if call is None else call.id,
    )


def _line_state(ctx: Context, line: LineId, leg: Leg | None) -> str:
    if leg is not None:
        return _WORDS[leg.state]
    if line in ctx.out_of_service:
        return "out of service"
    return "off hook" if line in ctx.off_hook else "idle"


def _call(ctx: Context, call: Call) -> CallView:
    now = ctx.now.mono_s
    rings = getattr(call.top, "rings", None)
    talking = call.talk in (Talk.TALK, Talk.HELD)
    walkers = [activity for activity in call.stack if isinstance(activity, Walker)]
    legs = [leg for leg in ctx.legs.values() if leg.call is call or leg.held is call]
    return CallView(
        call.id,
        call.direction,
        call.caller.number,
        call.caller.name,
        call.peer.party.number if call.peer is not None else call.dialled,
        call.talk.value if call.talk is not Talk.NONE or call.top is None else call.top.name,
        walkers[-1].scheme if walkers else "",
        call.blocks[-1] if call.blocks else "",
        round(now - call.began, 3),
        round(now - call.talk_began, 3) if talking else 0.0,
        tuple(leg.line for leg in legs),
        tuple(sorted(rings.extensions())) if rings is not None else (),
    )


def _queue(ctx: Context, name: str) -> QueueView:
    rules = ctx.table.queues[name]
    waits = waiting(ctx, name)
    longest = round(ctx.now.mono_s - waits[0].entered, 3) if waits else 0.0
    ids = tuple(wait.call.id for wait in waits)
    return QueueView(name, rules.strategy, ids, longest, rules.members)


def _agent(ctx: Context, extension: str) -> AgentView:
    person = ctx.table.people[extension]
    until = ctx.agents.resting_until(extension)
    rest = 0.0 if until is None else round(until - ctx.now.mono_s, 3)
    new = len(ctx.mailboxes.messages(extension, heard=False))
    return AgentView(extension, person.name, ctx.agents.state(extension), rest, new)
