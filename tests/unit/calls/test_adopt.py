# SPDX-License-Identifier: GPL-2.0-or-later
"""A new switch takes over what the old one left playing."""

from __future__ import annotations

from firmware.effects import JoinBridge, Release
from firmware.events import LegAdopted, LegEnded
from firmware.values import Cause, LegId, LineId
from tests.unit.calls.world import World


def restarted(old: World, *only: str) -> World:
    """A new world with the legs (on some lines) of an old one; the switch knows nothing."""
    new = World(first_id=100, clock_s=old.clock_s)
    new.off_hook = set(old.off_hook)
    for leg in old.legs.values():
        if not only or leg.line in only:
            new.legs[leg.id] = leg
            new.facts.append(LegAdopted(leg.id, LineId(leg.line), leg.tag))
    new.settle()
    return new


def test_a_talk_goes_on_and_its_record_is_completed() -> None:
    old = World()
    old.dial("FXS1", "202")
    old.answer("FXS2")
    [call] = old.switch.call_ids
    w = restarted(old)
    assert w.switch.call_ids == {call}
    assert w.talk("FXS1", "FXS2")
    assert not [e for e in w.effects if isinstance(e, JoinBridge)], "no gap in the audio"
    w.run(10)
    w.hang_up("FXS1")
    w.hang_up("FXS2")
    assert w.switch.empty
    assert w.events("adopted") == [{"talk": "talk"}]
    assert w.events("ended") == [{"cause": 16, "by": "caller"}]


def test_the_order_of_the_legs_does_not_matter_and_the_rest_is_kept() -> None:
    old = World()
    old.arrive("FXO2")
    old.answer("FXS2")
    old.run(2)
    old.legs = dict(reversed(old.legs.items()))
    w = restarted(old)
    assert w.talk("FXO2", "FXS2")
    w.hang_up("FXS2")
    agents = {a.extension: a.state for a in w.switch.snapshot(w.now()).agents}
    assert agents["202"] == "wrap-up"
    assert w.events("ended") == [{"cause": 16, "by": "called"}]


def test_a_held_party_is_connected_again() -> None:
    old = World()
    old.dial("FXS1", "202")
    old.answer("FXS2")
    old.flash("FXS1")
    w = restarted(old)
    assert w.talk("FXS1", "FXS2")


def test_a_caller_in_the_queue_enters_the_scheme_again() -> None:
    old = World()
    old.arrive("FXO1")
    old.run(20)
    w = restarted(old, "FXO1")
    assert w.switch.next_timeout() is not None
    w.run(5.1)
    assert w.hears("FXO1") == "greeting"
    w.run(10)
    assert "FXS1" in w.ringing()


def test_half_a_talk_is_let_go() -> None:
    old = World()
    old.dial("FXS1", "202")
    old.answer("FXS2")
    w = restarted(old, "FXS1")
    w.run(6)
    assert w.switch.empty
    assert [e.cause for e in w.effects if isinstance(e, Release)] == [Cause.TEMPORARY_FAILURE]
    assert w.switch.next_timeout() is None or w.switch.next_timeout() > w.clock_s


def test_a_leg_that_ends_while_it_waits_closes_its_record() -> None:
    old = World()
    old.dial("FXS1", "202")
    old.answer("FXS2")
    w = restarted(old, "FXS1")
    w.tell(LegEnded(LegId(1), Cause.NORMAL, True))
    assert w.events("ended")[0]["by"] == "line"
    assert w.switch.empty and w.switch.next_timeout() is None
