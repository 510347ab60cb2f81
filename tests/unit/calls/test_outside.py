# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers outside: lines in order, fail-over, tones of the exchange, emergency."""

from __future__ import annotations

import pytest

from firmware.effects import Originate, Release, SendDigits
from firmware.events import LegAlerting, LegAnswered, LegDigit, LegHeld
from firmware.values import Cause, Supervision
from tests.unit.calls.world import World


def test_the_caller_hears_the_exchange_line_and_then_the_party() -> None:
    w = World()
    w.dial("FXS1", "90501112233")
    order = next(e for e in w.effects if isinstance(e, Originate))
    assert (order.line, order.called, order.caller.number) == ("FXO1", "0501112233", "201")
    assert w.talk("FXS1", "FXO1")
    w.run(20)
    w.answer("FXO1")
    assert w.talk("FXS1", "FXO1")
    assert w.events("dialling-ended") == [
        {"number": "0501112233", "seconds": 20.0, "why": "answered"}
    ]
    w.hang_up("FXO1")
    w.hang_up("FXS1")
    assert w.over()


def test_trunks_in_order_until_one_works() -> None:
    w = World()
    w.refusing = {"FXO1": Cause.NO_CIRCUIT, "FXO2": Cause.CONGESTION}
    w.dial("sip:206", "90501112233")
    assert [e["line"] for e in w.events("dialling")] == ["FXO1", "FXO2", "itsp"]
    assert w.hears("sip:206") == "ringback"
    w.answer("itsp")
    assert w.talk("sip:206", "itsp")


@pytest.mark.parametrize("supervision", list(Supervision))
def test_how_sure_the_answer_is(supervision: Supervision) -> None:
    w = World()
    w.dial("FXS1", "90501112233")
    w.tell(LegAnswered(w.on("FXO1").id, supervision))
    assert w.events("answered")[0]["supervision"] == supervision.value


def test_keys_without_sound_are_sent_on() -> None:
    """RFC 4733 of a SIP phone, pulses of a rotary one: the bridge carries neither."""
    w = World()
    phone = w.dial("sip:206", "90501112233")
    w.tell(LegDigit(phone, "1", in_band=False))
    line = w.on("FXO1")
    w.answer("FXO1")
    w.tell(LegDigit(phone, "2", in_band=False), LegDigit(phone, "3"))
    w.tell(LegDigit(line.id, "4", in_band=False))
    sent = [e for e in w.effects if isinstance(e, SendDigits)]
    assert sent == [SendDigits(line.id, "1"), SendDigits(line.id, "2"), SendDigits(phone, "4")]


def test_keys_are_not_sent_to_nobody() -> None:
    """Before an answer, and to a party that is on hold."""
    w = World()
    phone = w.dial("sip:206", "201")
    w.tell(LegDigit(phone, "1", in_band=False))
    w.answer("FXS1")
    w.tell(LegHeld(phone))
    w.tell(LegDigit(phone, "2", in_band=False))
    assert not [e for e in w.effects if isinstance(e, SendDigits)]


def test_no_line_is_told() -> None:
    w = World()
    for line in ("FXO1", "FXO2", "itsp"):
        w.service(line, False)
    w.dial("FXS1", "90501112233")
    assert w.hears("FXS1") == "no_free_line"
    w.run(3)
    assert w.events("ended") == [{"cause": int(Cause.NO_CIRCUIT), "by": "exchange"}]


def test_all_lines_fail() -> None:
    w = World()
    w.refusing = dict.fromkeys(("FXO1", "FXO2", "itsp"), Cause.CONGESTION)
    w.dial("FXS1", "90501112233")
    assert w.hears("FXS1") == "busy"
    assert w.events("ended") == [{"cause": int(Cause.CONGESTION), "by": "exchange"}]


@pytest.mark.parametrize(
    ("cause", "ends"),
    [
        (Cause.BUSY, Cause.BUSY),
        (Cause.NO_ANSWER, Cause.NO_ANSWER),
        (Cause.UNALLOCATED, Cause.UNALLOCATED),
    ],
)
def test_the_number_is_to_blame_and_no_other_line_is_tried(cause: Cause, ends: Cause) -> None:
    w = World()
    w.dial("FXS1", "90501112233")
    w.hang_up("FXO1", cause=cause)
    assert [e.cause for e in w.effects if isinstance(e, Release)] == [ends]
    assert len(w.events("dialling")) == 1


def test_nobody_answers_outside() -> None:
    w = World()
    w.dial("FXS1", "90501112233")
    w.run(121)
    assert w.hears("FXS1") == "busy"
    w.hang_up("FXS1")
    assert w.over()


def test_a_person_without_the_class_is_refused() -> None:
    w = World()
    w.dial("FXS3", "90501112233")
    assert w.hears("FXS3") == "not_permitted"
    assert w.events("refused")


def test_a_telephone_of_nobody_has_no_class_but_emergency() -> None:
    w = World()
    w.dial("FXS8", "90501112233")
    assert w.hears("FXS8") == "not_permitted"
    w.hang_up("FXS8")
    w.dial("FXS8", "112")
    assert w.ringing() == {"FXO1"}


def test_the_caller_gives_up_while_it_rings() -> None:
    w = World()
    w.dial("FXS1", "90501112233")
    w.run(5)
    w.hang_up("FXS1")
    assert w.over() and w.ringing() == set()


def test_sip_phone_hears_the_exchange_line_too() -> None:
    w = World()
    w.dial("sip:206", "90501112233")
    assert w.talk("sip:206", "FXO1")


def test_second_alerting_is_not_told_twice_and_late_facts_are_void() -> None:
    w = World()
    w.service("FXO1", False)
    w.service("FXO2", False)
    w.dial("FXS1", "90501112233")
    leg = w.on("itsp").id
    before = len(w.effects)
    w.tell(LegAlerting(leg), LegAlerting(999), LegAnswered(999))
    assert len(w.effects) == before
    w.answer("itsp")
    w.tell(LegAnswered(leg), LegAlerting(leg))
    assert w.talk("FXS1", "itsp")


# ------------------------------------------------------------------ emergency


def test_emergency_takes_any_line() -> None:
    w = World()
    for line in ("FXO1", "FXO2", "FXO3"):
        w.service(line, False)
    w.service("itsp", False)
    w.dial("FXS3", "112")
    assert w.ringing() == {"mute"}


def only_fxo1(w: World) -> None:
    for line in ("FXO2", "FXO3", "itsp", "mute"):
        w.service(line, False)


def test_emergency_takes_a_line_from_another_talk() -> None:
    w = World()
    only_fxo1(w)
    w.dial("FXS1", "90501112233")
    w.answer("FXO1")
    w.dial("FXS3", "112")
    assert w.hears("FXS1") == "busy"
    w.refusing = {"FXO1": Cause.NO_CIRCUIT}
    w.run(0.5)
    w.refusing = {}
    w.run(0.5)
    assert w.talk("FXS3", "FXO1")
    assert w.events("preempted")[0]["line"] == "FXO1"


def test_emergency_does_not_take_a_line_from_another_emergency() -> None:
    w = World()
    only_fxo1(w)
    w.dial("FXS1", "112")
    w.answer("FXO1")
    w.dial("FXS3", "112")
    assert w.hears("FXS3") == "emergency_no_line"
    assert w.talk("FXS1", "FXO1")


def test_emergency_that_was_transferred_stays_one() -> None:
    w = World()
    only_fxo1(w)
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.flash("FXS1")
    w.dial("FXS1", "112")
    w.hang_up("FXS1")  # 202 waits for the line that 201 dials
    w.dial("FXS3", "112")
    assert w.hears("FXS3") == "emergency_no_line"
    assert w.ringing() == {"FXO1"}


def test_emergency_waits_for_a_line_that_clears_but_not_for_ever() -> None:
    w = World()
    only_fxo1(w)
    w.arrive("FXO1")
    w.refusing = {"FXO1": Cause.NO_CIRCUIT}
    w.dial("FXS3", "112")
    w.run(11)
    assert w.hears("FXS3") in ("emergency_no_line", "busy")
    w.hang_up("FXS3")
    assert w.over()


def test_no_emergency_line_at_all() -> None:
    w = World()
    only_fxo1(w)
    w.service("FXO1", False)
    w.dial("FXS3", "112")
    assert w.hears("FXS3") == "emergency_no_line"


def test_an_attempt_handed_to_another_call_ends_in_one_record_and_begins_in_the_other() -> None:
    w = World()
    w.arrive("FXO1")
    w.keys("FXO1", "202")
    w.run(2)
    w.answer("FXS2")
    w.flash("FXS2")
    w.dial("FXS2", "90501112233")
    w.run(4)
    w.hang_up("FXS2")
    w.run(7)
    w.answer("FXO2")
    w.hang_up("FXO2")
    begins, ends = w.events("dialling"), w.events("dialling-ended")
    assert begins == [{"number": "0501112233", "line": "FXO2"}] * 2
    assert [(e["why"], e["seconds"]) for e in ends] == [("transferred", 4.0), ("answered", 7.0)]
    first, consult = w.calls_written()
    assert [kind for kind in w.kinds_of(first) if "dialling" in kind] == [
        "dialling",
        "dialling-ended",
    ]
    assert w.kinds_of(consult)[-4:] == ["dialling", "dialling-ended", "merged", "ended"]
