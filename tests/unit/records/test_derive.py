# SPDX-License-Identifier: GPL-2.0-or-later
"""Records derived from what the switch wrote, call by call, and from calls that were cut off."""

from __future__ import annotations

from datetime import timedelta

from firmware.records.derive import CallRecord, Event, OfferRecord, derive
from tests.unit.calls.test_adopt import restarted
from tests.unit.calls.world import MONDAY, SUNDAY, World


def records(*worlds: World) -> list[CallRecord]:
    """Records of all calls of some worlds, in the order in which they began."""
    events: dict[str, list[Event]] = {}
    for w in worlds:
        for at_s, event in w.written:
            wall = w.wall + timedelta(seconds=at_s - w.began_s)
            events.setdefault(event.call, []).append(Event(wall, event.kind, event.data))
    return [derive(call, of_call) for call, of_call in events.items()]


def test_internal_call() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.run(3)
    w.answer("FXS2")
    w.run(10)
    w.flash("FXS1")
    w.run(4)
    w.flash("FXS1")
    w.run(1)
    w.hang_up("FXS1")
    [record] = records(w)
    assert (record.direction, record.caller, record.called) == ("internal", "201", "202")
    assert (record.answered, record.answered_by, record.missed) == (True, "202", False)
    assert (record.wait_s, record.talk_s, record.hold_s) == (3.0, 15.0, 4.0)
    assert (record.cause, record.hung_up_by, record.interrupted) == (16, "caller", False)
    assert record.began == MONDAY and record.ended == MONDAY + timedelta(seconds=18)
    assert record.offers == (OfferRecord("202", "FXS2", 3.0, "answered"),)


def test_inside_talk_that_is_transferred_outside_was_dialled_inside() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.flash("FXS2")
    w.dial("FXS2", "90501112233")
    w.hang_up("FXS2")
    (line,) = w.ringing()
    w.answer(line)
    w.hang_up("FXS1")
    talk = next(record for record in records(w) if record.caller == "201")
    assert (talk.direction, talk.called, talk.out_line) == ("internal", "202", line)


def test_queue_call_names_every_telephone_with_seconds_and_reason() -> None:
    w = World()
    w.lift("FXS3")
    w.arrive("FXO1")
    w.run(12)
    w.answer("FXS1")
    w.hang_up("FXS1")
    w.run(1)
    w.answer("FXS2")
    w.run(20)
    w.hang_up("FXO1")
    [record] = records(w)
    assert record.line == "FXO1" and record.scheme == "main" and record.queue == "all"
    assert record.blocks == ("hello", "hours", "dial", "staff")
    assert record.answered_by == "202" and record.talked_with == ("202",)
    assert (record.wait_s, record.talk_s) == (13.0, 20.0)
    offers = {(o.extension, o.seconds, o.reason) for o in record.offers}
    assert offers == {
        ("203", 0.0, "busy"),
        ("201", 5.0, "answered"),
        ("202", 6.0, "answered"),
        ("205", 7.0, "answered-elsewhere"),
    }


def test_a_lost_answer_alone_is_no_answer() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(12)
    w.answer("FXS1")
    w.run(0.5)
    w.hang_up("FXS1")
    w.hang_up("FXO1")
    [record] = records(w)
    assert record.missed and record.talk_s == 0.0 and record.talked_with == ()


def test_message_after_hours() -> None:
    w = World(wall=SUNDAY)
    w.arrive("FXO1")
    w.run(16)
    w.hang_up("FXO1", busy_tone_s=2.0)
    [record] = records(w)
    assert (record.mailbox, record.message_s, record.missed) == ("201", 8.0, True)
    assert record.presentation == "available" and record.caller_name == "Caller"


def test_keys_and_a_blind_transfer() -> None:
    w = World()
    w.arrive("FXO1")
    w.keys("FXO1", "202")
    w.run(2)
    w.answer("FXS2")
    w.run(3)
    w.flash("FXS2")
    w.dial("FXS2", "204")
    w.hang_up("FXS2")
    w.run(5)
    w.answer("FXS4")
    w.run(7)
    w.hang_up("FXO1")
    first, consult = records(w)
    assert first.keys == "202" and first.transfers == ("202 > 204 (blind)",)
    assert first.talked_with == ("202", "204") and first.talk_s == 10.0
    assert consult.merged_into == first.call


def test_consult_transfer_and_forward() -> None:
    w = World(settings={"forward-always/203": "204"})
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.flash("FXS1")
    w.run(2)
    w.dial("FXS1", "203")
    w.answer("FXS4")
    w.run(1)
    w.hang_up("FXS1")
    w.run(5)
    w.hang_up("FXS4")
    first, consult = records(w)
    assert first.talked_with == ("202", "204") and first.transfers == ("201 > 204 (consult)",)
    assert first.hold_s == 3.0 and first.talk_s == 8.0
    assert consult.forwards == ("203 > 204 (always)",)


def test_a_transfer_to_a_line_that_is_still_dialled() -> None:
    w = World()
    w.arrive("FXO1")
    w.keys("FXO1", "202")
    w.run(2)
    w.answer("FXS2")
    w.flash("FXS2")
    w.dial("FXS2", "90501112233")
    w.run(4)
    w.hang_up("FXS2")
    w.answer("FXO2")
    w.hang_up("FXO2")
    first, consult = records(w)
    assert (first.out_line, first.talked_with) == ("FXO2", ("202", "0501112233"))
    assert (consult.out_line, consult.direction) == ("FXO2", "out")
    assert consult.merged_into == first.call
    assert not consult.answered and not consult.interrupted and consult.wait_s == 4.0


def test_outside_call() -> None:
    w = World()
    w.dial("FXS1", "90501112233")
    w.run(4)
    w.answer("FXO1")
    w.run(6)
    w.hang_up("FXO1")
    [record] = records(w)
    assert (record.direction, record.called, record.out_line) == ("out", "0501112233", "FXO1")
    assert (record.answered_by, record.hung_up_by) == ("0501112233", "called")
    assert record.supervision == "certain"


def test_a_scheme_that_calls_outside_is_still_an_incoming_call() -> None:
    w = World()
    w.arrive("itsp", called="380440000009")
    w.keys("itsp", "3")
    w.answer("FXO1")
    w.hang_up("FXO1")
    [record] = records(w)
    assert (record.direction, record.out_line, record.called) == ("in", "FXO1", "380440000009")


def test_identified_later_and_withheld() -> None:
    events = [
        Event(MONDAY, "arrived", {"number": "", "line": "FXO1", "direction": "in"}),
        Event(MONDAY, "identified", {"presentation": "restricted", "absence": "private"}),
        Event(MONDAY, "unheard-of", {}),
        Event(MONDAY, "ended", {"cause": 16, "by": "caller"}),
    ]
    record = derive("x", events)
    assert (record.presentation, record.absence, record.line) == ("restricted", "private", "FXO1")


def test_a_call_cut_off_by_a_crash() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.run(3)
    w.answer("FXS2")
    w.run(10)
    w.flash("FXS1")
    w.run(5)
    w.dial("FXS1", "204")
    first, second = records(w)
    assert first.interrupted and first.talk_s == 10.0 and first.cause == 0
    assert first.hung_up_by == "" and first.ended == MONDAY + timedelta(seconds=13)
    assert second.interrupted and second.offers == (OfferRecord("204", "FXS4", 0.0, "interrupted"),)


def test_a_talk_adopted_after_a_crash_has_one_complete_record() -> None:
    old = World()
    old.dial("FXS1", "202")
    old.answer("FXS2")
    old.run(10)
    new = restarted(old)
    new.wall += timedelta(seconds=10)
    new.run(5)
    new.hang_up("FXS2")
    [record] = records(old, new)
    assert not record.interrupted and record.talk_s == 15.0
    assert record.hung_up_by == "called" and record.answered_by == "202"


def test_no_events_at_all() -> None:
    record = derive("x", [])
    assert record.began is None and record.wait_s == 0.0 and record.interrupted


def test_recall_ends_the_talk_of_the_one_who_put_down() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.run(4)
    w.flash("FXS2")
    w.hang_up("FXS2")
    w.run(3)
    w.answer("FXS2")
    w.run(2)
    w.hang_up("FXS1")
    [record] = records(w)
    assert record.talk_s == 6.0
    assert record.talked_with == ("202", "202")
