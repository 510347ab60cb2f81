# SPDX-License-Identifier: GPL-2.0-or-later
"""After a restart: rebuild calls from what their legs' audio was tagged with.

Talks go on as they were; a party on hold is connected again. A caller who was in a scheme or a
queue enters his line's scheme anew; whoever else was not in a talk is let go. Pure.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from firmware.calls.call import Call
from firmware.calls.states import LegState, Talk
from firmware.routing.steps import ToScheme
from firmware.values import CallId, Cause, Party

if TYPE_CHECKING:
    from firmware.calls.context import Context
    from firmware.calls.leg import Leg
    from firmware.events import LegAdopted

ADOPT_S = 5.0  # for the second leg of a talk to be found; card and SIP report within a second


class Adoption:
    """Legs that were found alive and wait for the rest of their call."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._waiting: dict[str, tuple[Leg, dict[str, object]]] = {}  # by call
        self._until: float | None = None

    def on_adopted(self, fact: LegAdopted) -> None:
        """One leg; the second of a talk completes it."""
        tag = _read(fact.tag)
        party = Party(str(tag.get("number", "")), str(tag.get("name", "")))
        leg = self._ctx.new_leg(fact.leg, fact.line, party, LegState.ANSWERED)
        leg.wrap_up_s = _number(tag.get("wrap_up_s"))
        call = str(tag.get("call", ""))
        first = self._waiting.pop(call, None) if call else None
        if not call:
            self._ctx.release(leg, Cause.NORMAL)
        elif first is None:
            self._waiting[call] = (leg, tag)
            self._until = self._ctx.now.mono_s + ADOPT_S
        elif tag.get("served"):
            _rebuild(self._ctx, CallId(call), (leg, tag), first)
        else:
            _rebuild(self._ctx, CallId(call), first, (leg, tag))

    def on_ended(self, leg: Leg) -> None:
        """A leg that waits is over: its call ends with it."""
        for call, (waiting, _) in tuple(self._waiting.items()):
            if waiting is leg:
                del self._waiting[call]
                self._ctx.write(
                    CallId(call), "ended", cause=int(Cause.NORMAL), by="line", adopted=True
                )

    def next_timeout(self) -> float | None:
        """When legs that stayed alone are dealt with, monotonic s."""
        return self._until if self._waiting else None

    def on_timer(self) -> None:
        """The other leg was not found."""
        if self._until is None or self._until > self._ctx.now.mono_s:
            return
        alone, self._waiting, self._until = self._waiting, {}, None
        for call, (leg, tag) in alone.items():
            self._go_on_alone(CallId(call), leg, tag)

    def _go_on_alone(self, id: CallId, leg: Leg, tag: dict[str, object]) -> None:
        ctx = self._ctx
        scheme = ctx.table.start_of(leg.line)
        call = Call(ctx, id, ctx.table, leg, str(tag.get("direction", "in")))
        ctx.write(id, "adopted", talk="none")
        if leg.outside and scheme is not None and tag.get("talk") == Talk.NONE.value:
            call.go(ToScheme(scheme))
        else:
            call.hang_up(Cause.TEMPORARY_FAILURE)


def _rebuild(
    ctx: Context,
    id: CallId,
    first: tuple[Leg, dict[str, object]],
    second: tuple[Leg, dict[str, object]],
) -> None:
    """A talk of two legs goes on."""
    (served, tag), (peer, peer_tag) = first, second
    call = Call(ctx, id, ctx.table, served, str(tag.get("direction", "internal")))
    call.bridge = int(_number(tag.get("bridge"))) or call.bridge
    call.peer, peer.call, call.talk = peer, call, Talk.TALK
    call.origin = served if tag.get("side") == "caller" else peer
    call.caller, call.talk_began = call.origin.party, ctx.now.mono_s
    ctx.write(id, "adopted", talk="talk")
    if Talk.TALK.value != tag.get("talk") or Talk.TALK.value != peer_tag.get("talk"):
        served.sounding = peer.sounding = True  # music of the hold, or the dial tone of a flash
        call.unhold()


def _read(text: str) -> dict[str, object]:
    """Our part of a leg's tag; empty when there is none."""
    try:
        tag = json.loads(text)
    except ValueError:
        return {}
    talk = tag.get("talk") if isinstance(tag, dict) else None
    return talk if isinstance(talk, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
