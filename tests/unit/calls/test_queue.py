# SPDX-License-Identifier: GPL-2.0-or-later
"""Round-robin, wrap-up, sign-off, refusals, and the ways out of a queue."""

from __future__ import annotations

from firmware.values import Cause
from tests.unit.calls.world import World


def test_an_agent_lets_it_ring_and_the_next_one_gets_it() -> None:
    w = World()
    w.arrive("FXO2")
    assert w.ringing() == {"FXS2"}
    w.run(10)
    assert w.ringing() == {"FXS3"}
    assert w.events("offer-ended") == [
        {"extension": "202", "line": "FXS2", "seconds": 10.0, "why": "no-answer"}
    ]
    w.answer("FXS3")
    assert w.talk("FXO2", "FXS3")
    assert w.events("answered")[0]["waited"] == 10.0
    w.hang_up("FXO2")
    w.hang_up("FXS3")
    assert w.over()


def test_wrap_up_is_respected_and_the_turn_goes_on() -> None:
    w = World()
    w.arrive("FXO2")
    w.answer("FXS2")
    w.run(5)
    w.hang_up("FXS2")
    assert w.hears("FXO2") == "nothing"
    assert state(w, "202") == "wrap-up"
    for line in ("FXS3", "FXS4"):
        w.dial(line, "206")
    w.arrive("FXO2")
    w.run(6.9)
    assert "FXS2" not in w.ringing()
    assert {"extension": "202", "why": "wrap-up"} in w.events("skipped")
    w.run(0.2)
    assert "FXS2" in w.ringing()


def test_the_turn_is_kept_from_call_to_call() -> None:
    w = World()
    for line in ("FXS2", "FXS3", "FXS4", "FXS2"):
        w.arrive("FXO2")
        assert w.ringing() == {line}
        w.answer(line)
        w.run(2)
        w.hang_up(line)
        w.run(8)
        assert w.over()


def test_a_direct_call_rings_during_wrap_up() -> None:
    w = World()
    w.arrive("FXO2")
    w.answer("FXS2")
    w.run(2)
    w.hang_up("FXO2")
    w.hang_up("FXS2")
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS2"}


def test_a_lost_answer_needs_no_rest() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(12)
    w.answer("FXS2")
    w.hang_up("FXS2")
    assert state(w, "202") == "free"


def test_signed_off_agents_are_not_rung_and_nobody_is_a_way_out() -> None:
    w = World()
    for line in ("FXS2", "FXS3"):
        w.dial(line, "*46")
        assert w.hears(line) == "feature_off"
        w.run(3)
        w.hang_up(line)
    w.arrive("FXO2")
    assert w.ringing() == {"FXS4"}
    w.run(1)
    w.dial("FXS2", "*45")
    w.run(3)
    w.hang_up("FXS2")
    w.run(8)
    assert w.ringing() == {"FXS2"}
    w.hang_up("FXO2")
    for line in ("FXS2", "FXS4"):
        w.dial(line, "*46")
        w.run(3)
        w.hang_up(line)
    w.arrive("FXO2")
    assert w.hears("FXO2") == "all_busy"
    assert w.events("left-queue")[-1]["why"] == "empty"
    assert state(w, "204") == "signed-off"


def test_the_last_agent_signs_off_while_a_caller_waits() -> None:
    w = World(settings={"agent/202": "off", "agent/203": "off"})
    w.dial("FXS4", "206")
    w.answer("sip:206")
    w.arrive("FXO2")
    assert w.hears("FXO2") == "please_wait"
    w.flash("FXS4")
    w.dial("FXS4", "*46")
    assert w.hears("FXO2") == "all_busy"


def test_agents_out_of_service_do_not_count() -> None:
    w = World()
    for line in ("FXS2", "FXS3", "FXS4"):
        w.service(line, False)
    w.arrive("FXO2")
    assert w.hears("FXO2") == "all_busy"
    assert state(w, "203") == "unreachable"


def test_a_full_queue_is_left_at_once() -> None:
    w = World()
    w.refusing = {"FXS2": Cause.BUSY, "FXS3": Cause.BUSY, "FXS4": Cause.BUSY}
    w.arrive("FXO2")
    w.dial("sip:206", "601")
    w.dial("sip:205", "601")
    assert w.on("sip:205") is None
    assert w.events("left-queue") == [{"queue": "rr", "seconds": 0.0, "why": "full"}]


def test_longest_wait_ends_the_queue() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(8)
    w.run(61)
    assert "beep" in w.hears("FXO1")
    assert w.events("left-queue") == [{"queue": "all", "seconds": 60.0, "why": "timeout"}]
    assert {e["why"] for e in w.events("offer-ended")} == {"timeout"}


def test_who_refuses_a_caller_is_not_offered_him_again() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(9)
    w.hang_up("sip:205", cause=Cause.REJECTED)
    w.run(40)
    assert w.ringing() == {"FXS1", "FXS2", "FXS3"}
    assert {"refused"} == {e["why"] for e in w.events("offer-ended")}


def test_refused_by_everybody_is_a_way_out() -> None:
    w = World()
    w.refusing = dict.fromkeys(("FXS1", "FXS2", "FXS3", "sip:205"), Cause.REJECTED)
    w.arrive("FXO1")
    w.run(9)
    assert "beep" in w.hears("FXO1")


def test_a_phone_that_is_not_reached_is_tried_again_later() -> None:
    w = World()
    w.refusing = {"sip:205": Cause.SUBSCRIBER_ABSENT}
    w.arrive("FXO1")
    w.run(10)
    w.refusing = {}
    w.run(20)
    assert "sip:205" not in w.ringing()
    w.run(11)
    assert "sip:205" in w.ringing()


def test_older_callers_come_first() -> None:
    w = World()
    for line in ("FXS3", "FXS4"):
        w.dial(line, "206")
    w.dial("FXS2", "205")
    w.arrive("FXO2", "0500000001")
    w.run(3)
    w.dial("FXS1", "601")
    w.hang_up("FXS2")
    assert w.ringing() >= {"FXS2"}
    w.answer("FXS2")
    assert w.talk("FXO2", "FXS2")
    assert w.hears("FXS1") in ("please_wait", "hold_music")


def test_the_caller_gives_up() -> None:
    w = World()
    w.arrive("FXO2")
    w.run(4)
    w.hang_up("FXO2")
    assert w.over() and w.ringing() == set()
    assert w.events("offer-ended") == [
        {"extension": "202", "line": "FXS2", "seconds": 4.0, "why": "caller-gone"}
    ]
    assert w.events("left-queue") == [{"queue": "rr", "seconds": 4.0, "why": "caller-gone"}]


def test_the_last_other_telephone_drops_out_while_an_answer_is_fresh() -> None:
    w = World()
    for line in ("FXS3", "FXS1"):
        w.lift(line)
    w.arrive("FXO1")
    w.run(9)
    w.answer("FXS2")
    w.hang_up("sip:205", cause=Cause.BUSY)
    assert w.switch.snapshot(w.now()).calls[-1].state == "talk"
    w.hang_up("FXS2")
    w.hang_up("FXS1")
    w.hang_up("FXS3")
    assert w.over()


def state(w: World, extension: str) -> str:
    agents = w.switch.snapshot(w.now()).agents
    return next(agent.state for agent in agents if agent.extension == extension)
