# SPDX-License-Identifier: GPL-2.0-or-later
"""Callers from outside in schemes: greeting, extension dialling, menus, queues, voicemail."""

from __future__ import annotations

from firmware.effects import Answer, Originate, StoreMessage
from firmware.values import Cause, RingClass
from tests.unit.calls.world import SUNDAY, World


def test_ring_all_first_answer_wins_and_the_others_stop() -> None:
    w = World()
    w.arrive("FXO1")
    assert w.hears("FXO1") == "greeting"
    w.run(2)
    assert w.hears("FXO1") == "dial_extension"
    w.run(6)
    assert w.hears("FXO1") == "please_wait"
    assert w.ringing() == {"FXS1", "FXS2", "FXS3", "sip:205"}
    w.run(5)
    assert w.hears("FXO1") == "hold_music"
    w.answer("FXS2")
    assert w.talk("FXO1", "FXS2")
    assert w.ringing() == {"FXS1", "FXS3", "sip:205"}
    w.run(1.1)
    assert w.ringing() == set()
    assert {e["why"] for e in w.events("offer-ended")} == {"answered", "answered-elsewhere"}
    w.run(30)
    w.hang_up("FXO1", busy_tone_s=2.5)
    assert w.hears("FXS2") == "busy"
    w.hang_up("FXS2")
    assert w.over()
    rings = [e for e in w.effects if isinstance(e, Originate)]
    assert all(e.ring_class is RingClass.EXTERNAL for e in rings)
    assert all(e.caller.number == "0501234567" for e in rings)


def test_an_agent_who_becomes_free_starts_ringing_at_once() -> None:
    w = World()
    w.dial("FXS1", "204")
    w.answer("FXS4")
    w.arrive("FXO1")
    w.run(12)
    assert w.ringing() == {"FXS2", "FXS3", "sip:205"}
    w.hang_up("FXS4")
    assert w.hears("FXS1") == "busy"
    w.run(1)
    assert "FXS1" not in w.ringing()
    w.hang_up("FXS1")
    assert w.ringing() == {"FXS1", "FXS2", "FXS3", "sip:205"}
    assert w.events("skipped") == [{"extension": "201", "why": "busy"}]
    w.answer("FXS1")
    assert w.talk("FXO1", "FXS1")
    w.hang_up("FXS1")
    assert w.over() is False
    assert w.hears("FXO1") == "hold_music"
    w.hang_up("FXO1")
    assert w.over()


def test_one_lifts_and_hangs_up_and_the_others_ring_on() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(12)
    w.answer("FXS1")
    w.run(0.5)
    w.hang_up("FXS1")
    assert w.hears("FXO1") == "hold_music"
    assert w.ringing() == {"FXS2", "FXS3", "sip:205"}
    w.run(5.1)
    assert w.ringing() == {"FXS1", "FXS2", "FXS3", "sip:205"}
    w.answer("FXS3")
    w.run(5)
    assert w.talk("FXO1", "FXS3")


def test_two_lift_and_the_second_is_let_go() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(12)
    w.answer("FXS1")
    w.answer("FXS2")
    assert w.talk("FXO1", "FXS1") and w.hears("FXS2") == "busy"
    w.run(2)
    assert w.ringing() == set()


def test_extension_dialled_over_the_greeting_gets_through() -> None:
    w = World()
    w.arrive("FXO1")
    w.keys("FXO1", "20")
    w.run(2)
    assert w.hears("FXO1") == "nothing"
    w.keys("FXO1", "2")
    assert w.ringing() == {"FXS2"}
    assert w.hears("FXO1") == "ringback"
    w.answer("FXS2")
    assert w.talk("FXO1", "FXS2")
    assert w.events("key") == [{"key": "202"}]
    assert [e["block"] for e in w.events("block")][:3] == ["hello", "hours", "dial"]


def test_after_hours_message_reaches_the_owner() -> None:
    w = World(wall=SUNDAY)
    w.arrive("FXO1")
    w.run(2)
    assert w.hears("FXO1") == "closed_leave_message,beep"
    w.run(14)
    w.hang_up("FXO1", busy_tone_s=2.0)
    stored = [e.message for e in w.effects if isinstance(e, StoreMessage)]
    assert len(stored) == 1 and stored[0].duration_s == 8.0
    assert stored[0].caller.number == "0501234567" and stored[0].mailbox == "201"
    assert w.waiting == {**w.waiting, "FXS1": True, "FXS2": False}
    assert w.over()


def test_wrong_extension_is_said_and_then_the_secretaries_ring() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(2)
    w.keys("FXO1", "999")
    w.run(1)
    assert w.hears("FXO1").startswith("invalid_extension")
    w.run(60)
    assert "FXS1" in w.ringing()


def test_menu_person_without_answer_goes_to_his_mailbox() -> None:
    w = World()
    w.arrive("itsp", called="380440000009")
    assert w.hears("itsp") == "menu_default"
    w.keys("itsp", "1")
    assert w.ringing() == {"FXS1"} and w.hears("itsp") == "ringback"
    w.run(26)
    assert "beep" in w.hears("itsp")
    w.run(10)
    w.keys("itsp", "#")
    assert w.hears("itsp") == "message_recorded"
    w.run(10)
    assert w.over()
    assert [e for e in w.effects if isinstance(e, StoreMessage)]


def test_menu_without_a_key_says_goodbye() -> None:
    w = World()
    w.arrive("itsp", called="380440000009")
    w.run(60)
    assert w.over()
    assert w.events("ended") == [{"cause": 16, "by": "exchange"}]


def test_outside_block_tries_the_next_line() -> None:
    w = World()
    w.refusing = {"FXO1": Cause.CONGESTION}
    w.service("FXO2", False)
    w.arrive("itsp", called="380440000009")
    w.keys("itsp", "3")
    assert [e["line"] for e in w.events("dialling")] == ["FXO1", "itsp"]
    assert w.hears("itsp") in ("ringback", "nothing")
    out = next(leg for leg in w.legs.values() if leg.state == "ringing")
    assert out.line == "itsp"
    w.answer("itsp")
    assert w.switch.snapshot(w.now()).calls[0].state == "talk"


def test_sip_trunk_without_scheme_is_refused() -> None:
    w = World()
    w.arrive("mute")
    assert w.over()
    assert w.events("ended") == [{"cause": 1, "by": "exchange"}]


def test_group_answers_only_when_somebody_lifts() -> None:
    w = World()
    w.dial("sip:206", "701")
    w.keys("sip:206", "2")
    assert w.ringing() == {"FXS1", "FXS2"}
    w.answer("FXS2")
    w.run(2)
    assert w.talk("sip:206", "FXS2") and not w.ringing()
    w.hang_up("sip:206")
    w.hang_up("FXS2")
    assert w.over()
    assert any(isinstance(e, Answer) for e in w.effects)


def test_group_all_busy_or_nobody() -> None:
    w = World()
    w.lift("FXS1")
    w.lift("FXS2")
    w.dial("sip:206", "701")
    w.keys("sip:206", "2")
    assert w.hears("sip:206") == "goodbye"
    w.run(3)
    assert w.on("sip:206") is None
