# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever people do in whatever order: no call without a leg, no leg without a call, no leak."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.calls.states import LegState, Talk
from firmware.events import LegHeld, LegResumed, LegTransferRequested
from firmware.values import Cause
from tests.unit.calls.world import SUNDAY, World

PHONES = ("FXS1", "FXS2", "FXS3", "FXS4", "FXS8", "sip:205", "sip:206")
OUTSIDE = ("FXO1", "FXO2", "FXO3", "itsp", "mute")
LINES = PHONES + OUTSIDE
NUMBERS = (
    *("201", "202", "203", "204", "205", "206") * 4,
    *("600", "601", "700", "701", "112"),
    *("90501112233", "88", "", "*8", "*8201", "*8202", "*97", "*98205", "*72203", "*73"),
    *("*90204", "*9290501112233", "*46", "*45"),
)
REFUSALS = (Cause.BUSY, Cause.REJECTED, Cause.NO_ANSWER, Cause.CONGESTION, Cause.UNALLOCATED)


Act = tuple[str, str, object]


def possible(w: World, number: str, cause: Cause) -> list[Act]:
    """Everything that people could do now: what, on which line, with what."""
    acts: list[Act] = [("service", "FXO1", len(number) % 3 > 0), ("service", "FXS3", cause % 2)]
    acts += [("refuse", line, cause if len(number) % 2 else None) for line in ("FXO1", "FXS2")]
    for line in PHONES:
        leg = w.on(line)
        analog = line.startswith("FXS")
        if leg is None:
            acts += [("hang_up", line, cause)] if line in w.off_hook else [("dial", line, number)]
            acts += [("lift", line, None)] if analog and line not in w.off_hook else []
            continue
        acts.append(("hang_up", line, cause))
        if leg.state == "ringing":
            acts += [("answer", line, None)] * 6
        elif leg.state == "dialling":
            acts += [("dial", line, number)] * 3
        elif leg.state == "talking":
            acts += [("keys", line, number + "#1")]
        if analog and leg.state in ("talking", "calling", "dialling"):
            acts += [("flash", line, None)] * (4 if leg.bridge else 1)
        if not analog and leg.state == "talking":
            acts += [("sip", line, number)] * 2
    for line in OUTSIDE:
        leg = w.on(line)
        if leg is None or not line.startswith("FXO"):
            acts += [("arrive", line, "380440000009" if cause % 2 else "")]
        if leg is not None:
            acts += [("answer", line, None)] if leg.state == "ringing" else []
            acts += [("hang_up", line, cause), ("keys", line, number)]
    return acts


def do(w: World, act: Act) -> None:
    """Do it."""
    what, line, how = act
    leg = w.on(line)
    match what:
        case "hang_up":
            w.hang_up(line, 1.0, how if line in w.ringing() else Cause.NORMAL)
        case "service" if leg is None:
            w.service(line, bool(how))
        case "refuse":
            w.refusing.pop(line, None)
            if how is not None:
                w.refusing[line] = how
        case "flash":
            leg.state = "talking" if leg.state == "dialling" and leg.tone else leg.state
            w.flash(line)
        case "keys":
            for key in how:
                if w.on(line) is leg and leg.state == "talking":
                    w.keys(line, key)
        case "sip":
            facts = (LegHeld(leg.id), LegResumed(leg.id), LegTransferRequested(leg.id, how))
            w.tell(facts[len(how) % 3])
        case "arrive":
            w.arrive(line, called=how)
        case "lift" | "answer":
            getattr(w, what)(line)
        case "dial":
            w.dial(line, how)


STEPS = st.tuples(
    st.integers(0, 2**16),
    st.sampled_from(NUMBERS),
    st.sampled_from(REFUSALS),
    st.sampled_from((0.0, 0.0, 0.0, 0.3, 1.0, 2.0, 6.0, 11.0, 30.0, 70.0)),
)


def check(w: World) -> None:
    """Nothing is loose."""
    ctx = w.switch._ctx
    live = {id for id, leg in ctx.legs.items() if leg.state is not LegState.RELEASING}
    assert live == set(w.legs), "the world and the switch know the same legs"
    for leg in ctx.legs.values():
        if leg.state is LegState.RELEASING:
            continue
        assert leg.call is None or leg.call.id in ctx.calls
        assert leg.held is None or leg.held.id in ctx.calls
        assert leg.call is not None or leg.state is LegState.SEIZED
    for call in ctx.calls.values():
        assert call.served is not None
        for party in (call.served, call.peer):
            if party is not None:
                assert ctx.legs.get(party.id) is party
                assert party.call is call or party.held is call
        assert call.peer is not None or call.stack
        if call.talk is Talk.TALK:
            lines = w.legs[call.served.id], w.legs[call.peer.id]
            assert lines[0].bridge == lines[1].bridge != 0
            assert not any(leg.playing or leg.tone for leg in lines)
        for activity in call.stack:
            assert activity.call is call
            for ring in activity.rings.all() if hasattr(activity, "rings") else ():
                assert ring.leg.call is call and ctx.legs[ring.leg.id] is ring.leg
        if call.stack and call.talk in (Talk.NONE, Talk.EARLY):
            assert call.top.next_timeout() is not None, call.top


def check_records(w: World) -> None:
    """In every record what began has ended, once, and the end is the last word."""
    for call in w.calls_written():
        kinds = w.kinds_of(call)
        for kind in ("dialling", "offered"):
            ended = "offer-ended" if kind == "offered" else "dialling-ended"
            assert kinds.count(kind) == kinds.count(ended), (call, kinds)
        tries = [kind for kind in kinds if kind.startswith("dialling")]
        assert tries == ["dialling", "dialling-ended"] * (len(tries) // 2), (call, kinds)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, min_size=20, max_size=60), st.booleans())
def test_nothing_is_left_behind(steps: list, sunday: bool) -> None:
    w = World(wall=SUNDAY) if sunday else World()
    for choice, number, cause, seconds in steps:
        acts = possible(w, number, cause)
        do(w, acts[choice % len(acts)])
        check(w)
        w.run(seconds)
        check(w)
    for line in LINES * 3:
        w.hang_up(line)
        check(w)
    w.run(400)
    assert w.over()
    assert not w.switch._ctx.mailboxes.pending
    check_records(w)
