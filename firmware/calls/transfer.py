# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold, consult, transfer, recall: what a hook flash and a hang-up with a party on hold mean.

A telephone that flashes leaves its call on hold (`Leg.held`) and consults in a second call.
Flash again: the consultation is dropped, back to the held party. Hang-up: the held party gets
whoever was consulted, also while he still rings; if that fails, the telephone is called back with
the held party. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.announce import Announce
from firmware.calls.cause import excuse
from firmware.calls.recall import Recall
from firmware.calls.states import LegState, Talk
from firmware.effects import CollectNumber
from firmware.routing.steps import Refused
from firmware.values import Cause, LineId

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.context import Context
    from firmware.calls.leg import Leg

# ------------------------------------------------------------------ hold and consult


def flashed(ctx: Context, leg: Leg) -> None:
    """A hook flash: consult, or drop the last party and go back; with nobody there, begin anew."""
    if leg.held is not None:
        drop_last(leg)
    elif leg.call is None or leg.call.talk in (Talk.NONE, Talk.EARLY):
        start_over(ctx, leg)
    elif leg.call.talk is Talk.TALK:
        consult(ctx, leg, leg.call)


def start_over(ctx: Context, leg: Leg) -> None:
    """Nobody to hold: it was a short hang-up, and another number follows."""
    call = leg.call
    if call is not None:
        call.stop_activities("caller-gone")
        call.leave(leg)
        call.end(Cause.NORMAL, "caller")
    leg.call, leg.state = None, LegState.SEIZED
    ctx.hush(leg)
    ctx.emit(CollectNumber(leg.id))


def consult(ctx: Context, leg: Leg, call: Call) -> None:
    """Put the other party on hold and give dial tone."""
    call.settle()
    call.hold(leg)
    leg.held, leg.call, leg.state = call, None, LegState.SEIZED
    ctx.emit(CollectNumber(leg.id))


def drop_last(leg: Leg) -> None:
    """End the consultation, whatever its state; the held party is back."""
    if leg.call is not None:
        leg.call.end(Cause.NORMAL, "caller")
    else:
        back_to_held(leg)


def back_to_held(leg: Leg) -> None:
    """The telephone talks to its held party again."""
    call, leg.held = leg.held, None
    assert call is not None
    call.ctx.answer(leg)
    leg.call = call
    call.unhold()


def let_go(call: Call, leg: Leg, cause: Cause) -> None:
    """A call that ends has no more use for a party."""
    if leg.held is call:  # it consults meanwhile; only what it held is gone
        leg.held = None
    elif leg.state is LegState.ENDED:
        leg.call = None
    elif leg.held is not None:
        back_to_held(leg)
    else:
        call.ctx.release(leg, cause)


def hold_by_far_side(leg: Leg, held: bool) -> None:
    """A SIP phone put its party on hold by itself, or took it back."""
    call = leg.call
    if call is None:
        return
    if held and call.talk is Talk.TALK:
        call.settle()
        call.hold(leg)
    elif not held and call.talk is Talk.HELD and call.holder is leg and leg.held is None:
        call.unhold()


# ------------------------------------------------------------------ transfer


def hung_up(leg: Leg) -> None:
    """A telephone with a party on hold is put down: transfer, or call it back."""
    call, second = leg.held, leg.call
    leg.held = None
    assert call is not None
    call.leave(leg)
    if second is None:
        call_back(call, leg)
    elif second.talk is Talk.TALK:
        join_consulted(call, second, leg)
    elif second.top is not None and second.top.can_move:
        move(call, second, leg)
    else:
        second.end(Cause.NORMAL, "caller")
        call_back(call, leg)


def join_consulted(call: Call, second: Call, leg: Leg) -> None:
    """Both parties of the one who left are connected; the first call's record goes on."""
    second.settle()
    consulted = second.other(leg)
    assert consulted is not None
    second.leave(consulted)
    second.write("merged", into=call.id)
    second.end(Cause.NORMAL, "caller")
    _write(call, leg, consulted.party.number, "consult")
    call.meet(consulted)


def move(call: Call, second: Call, leg: Leg) -> None:
    """The held party waits for what the one who left has begun."""
    _write(call, leg, second.dialled, "blind")
    call.recall = (leg.owner, leg.line)
    call.excused = False
    stack, second.stack = second.stack, []
    for activity in stack:
        activity.hand_over(call)  # what it closes in the second record comes before that ends
    second.write("merged", into=call.id)
    second.end(Cause.NORMAL, "caller")
    call.stack.extend(stack)
    stack[-1].moved()


def requested(leg: Leg, number: str) -> None:
    """SIP REFER: connect my party to this number."""
    call = leg.call
    if call is None or call.talk not in (Talk.TALK, Talk.HELD) or leg.held is not None:
        return
    destination = call.table.dial(leg.owner or None, number)
    if isinstance(destination, Refused):
        call.write("transfer-refused", by=leg.owner, number=number, why=destination.reason)
        return
    call.settle()
    other = call.other(leg)
    if other is None or other.held is call:
        return
    if call.talk is Talk.TALK:
        call.ctx.part(leg, other)
    call.leave(leg)
    call.ctx.release(leg, Cause.NORMAL)
    _write(call, leg, number, "blind")
    call.recall, call.excused = (leg.owner, leg.line), False
    call.go(destination)


def _write(call: Call, leg: Leg, number: str, kind: str) -> None:
    call.write("transferred", by=leg.owner, to=number, kind=kind)


# ------------------------------------------------------------------ when it fails


def failed(call: Call, cause: Cause) -> bool:
    """What else a transfer still offers to a party whose attempt failed; False: nothing."""
    served = call.party()
    if served.held is not None and not call.excused:
        call.excused = True
        call.begin(Announce(call, (excuse(cause),), cause))
        return True
    if call.recall is not None:
        begin_recall(call, call.recall)
        return True
    return False


def call_back(call: Call, leg: Leg) -> None:
    """The telephone was put down with a party on hold and nobody to transfer it to."""
    begin_recall(call, (leg.owner, leg.line))


def begin_recall(call: Call, target: tuple[str, LineId]) -> None:
    """Ring the one who transferred, for the party he left."""
    call.recall = None
    call.write("recall", extension=target[0], line=target[1])
    call.begin(Recall(call, target))
