# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's scenarios on the three example offices, in virtual time."""

from __future__ import annotations

from pathlib import Path

from firmware.effects import StoreMessage
from tests.unit.calls.world import SUNDAY, World

OFFICES = Path(__file__).parents[3] / "board" / "sim" / "offices"
R1, R2, R3 = (OFFICES / f"{name}.toml" for name in ("r1", "r2", "r3"))


def test_phone_to_phone_and_rotary() -> None:
    w = World(office=R1)
    for caller, called, line in (("FXS1", "102", "FXS2"), ("FXS6", "103", "FXS3")):
        w.dial(caller, called)
        assert w.ringing() == {line}
        w.answer(line)
        assert w.talk(caller, line)
        w.hang_up(caller)
        w.hang_up(line)
        assert w.over()


def test_ring_all_fifteen_and_the_one_who_was_busy_joins() -> None:
    w = World(office=R1)
    w.dial("FXS1", "102")
    w.answer("FXS2")
    w.arrive("FXO1")
    w.run(10)
    assert len(w.ringing()) == 13 and not {"FXS1", "FXS2"} & w.ringing()
    w.hang_up("FXS2")
    w.hang_up("FXS1")
    assert len(w.ringing()) == 15
    w.answer("FXS3")
    w.run(1)
    assert w.ringing() == set() and w.talk("FXO1", "FXS3")
    w.hang_up("FXO1", busy_tone_s=1.5)
    w.hang_up("FXS3")
    assert w.over()
    assert len({e["extension"] for e in w.events("offer-ended")}) == 15


def test_secretary_bypassed_and_reached() -> None:
    w = World(office=R2)
    w.arrive("FXO1")
    w.keys("FXO1", "105")
    assert w.ringing() == {"FXS5"}
    w.answer("FXS5")
    assert w.talk("FXO1", "FXS5")
    w.arrive("FXO2")
    w.run(10)
    assert w.ringing() == {"FXS1", "FXS2"}
    w.answer("FXS1")
    assert w.talk("FXO2", "FXS1")


def test_after_hours_the_owner_hears_the_caller() -> None:
    w = World(office=R1, wall=SUNDAY)
    w.arrive("FXO1")
    w.run(10)
    w.run(6)
    w.hang_up("FXO1", busy_tone_s=2.0)
    [stored] = [e.message for e in w.effects if isinstance(e, StoreMessage)]
    assert stored.mailbox == "101" and w.waiting["FXS1"]
    w.dial("FXS1", "*97")
    w.keys("FXS1", w.table.people["101"].pin)
    w.run(3 + 4)
    assert Path(stored.path).stem in w.hears("FXS1")
    w.keys("FXS1", "3")
    assert not w.waiting["FXS1"]


def test_call_centre_answer_time_and_wrap_up() -> None:
    w = World(office=R3)
    for line in ("FXS4", "FXS5", "FXS6"):
        w.dial(line, "*46")
        w.hang_up(line)
    for line in ("sip:109", "sip:110"):
        w.service(line, False)
    w.arrive("FXO1")
    w.run(2)
    assert w.ringing() == {"FXS2"}
    w.run(15)
    assert w.ringing() == {"FXS3"}
    w.answer("FXS3")
    w.run(5)
    w.dial("FXS2", "*46")
    w.hang_up("FXO1")
    w.hang_up("FXS3")
    w.hang_up("FXS2")
    assert w.events("offer-ended")[0]["why"] == "no-answer"
    w.arrive("FXO2")
    w.run(6.9)
    assert w.ringing() == set()
    w.run(0.2)
    assert w.ringing() == {"FXS3"}


def test_sip_trunk_in_and_outside_on_both_trunks() -> None:
    w = World(office=R2)
    w.arrive("itsp")
    w.run(10)
    w.answer("FXS1")
    assert w.talk("itsp", "FXS1")
    w.dial("FXS3", "8" + "0445559988")
    w.answer("itsp")
    assert w.events("dialling")[-1]["number"] == "0445559988"
    w.run(1)
    w.dial("FXS4", "9" + "0445550199")
    assert w.ringing() == {"FXO1"}
