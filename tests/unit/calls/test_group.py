# SPDX-License-Identifier: GPL-2.0-or-later
"""A ring group in a scheme: first answer, late answers, lost answers, the way out."""

from __future__ import annotations

from firmware.events import PlayEnded
from firmware.values import Cause
from tests.unit.calls.world import World


def group() -> World:
    """201 and 202 ring for an outside caller."""
    w = World()
    w.arrive("itsp", called="380440000009")
    w.keys("itsp", "2")
    assert w.ringing() == {"FXS1", "FXS2"}
    return w


def test_the_second_who_lifts_is_let_go() -> None:
    w = group()
    w.answer("FXS1")
    w.answer("FXS2")
    assert w.talk("itsp", "FXS1") and w.hears("FXS2") == "busy"
    w.run(2)
    w.hang_up("FXS1")
    w.hang_up("FXS2")
    assert w.over()


def test_lifted_and_put_down_the_other_rings_on_for_the_rest_of_the_time() -> None:
    w = group()
    w.run(5)
    w.answer("FXS1")
    w.run(0.5)
    w.hang_up("FXS1")
    assert w.ringing() == {"FXS2"} and w.hears("itsp") == "ringback"
    w.run(15)
    assert w.hears("itsp") == "goodbye"
    assert w.events("answer-lost") == [{"extension": "201", "line": "FXS1"}]


def test_the_other_drops_out_while_the_answer_is_fresh() -> None:
    w = group()
    w.answer("FXS1")
    w.hang_up("FXS2", cause=Cause.BUSY)
    w.run(2)
    assert w.talk("itsp", "FXS1")


def test_one_of_two_drops_out_and_then_nobody_answers() -> None:
    w = group()
    w.hang_up("FXS2", cause=Cause.NO_ANSWER)
    assert w.ringing() == {"FXS1"}
    w.run(21)
    assert w.hears("itsp") == "goodbye"
    assert [e["why"] for e in w.events("offer-ended")] == ["no-answer", "no-answer"]


def test_the_fresh_answer_is_put_on_hold() -> None:
    w = group()
    w.answer("FXS1")
    w.flash("FXS1")
    assert w.ringing() == set() and w.hears("itsp") == "hold_music"


def test_a_group_of_unreachable_people_is_no_answer() -> None:
    w = World()
    for line in ("FXS1", "FXS2"):
        w.service(line, False)
    w.arrive("itsp", called="380440000009")
    w.keys("itsp", "2")
    assert w.hears("itsp") == "goodbye"
    assert {e["why"] for e in w.events("skipped")} == {"unreachable"}


def test_media_that_never_ends_an_announcement_hangs_nobody() -> None:
    w = World()
    leg = w.dial("FXS1", "88")
    assert w.hears("FXS1") == "number_unavailable"
    w.legs[leg].play_ends = 0.0
    w.tell(PlayEnded(leg, 12345, ""))
    assert w.hears("FXS1") == "number_unavailable"
    w.run(301)
    assert w.hears("FXS1") == "busy"


def test_keys_of_the_answering_side_and_in_a_talk_are_private() -> None:
    w = group()
    w.answer("FXS1")
    w.keys("FXS1", "123")
    w.run(2)
    w.keys("itsp", "456")
    assert w.events("key") == [{"key": "2"}]
