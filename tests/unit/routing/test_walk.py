# SPDX-License-Identifier: GPL-2.0-or-later
"""The interpreter: which step follows which outcome."""

from __future__ import annotations

import pytest

from firmware.errors import LocalError
from firmware.routing.ops import Hours
from firmware.routing.steps import (
    DialStep,
    HangUpStep,
    MenuStep,
    OfferStep,
    Outcome,
    OutsideStep,
    PlayStep,
    QueueStep,
    Result,
    Step,
    VoicemailStep,
)
from firmware.routing.table import Table
from firmware.routing.walk import MAX_VISITS, Walk
from firmware.values import Cause, Party
from tests.unit.routing.offices import compiled, now

DONE, NOTHING = Outcome(Result.DONE), Outcome(Result.NO_INPUT)
THANKS = ("message_recorded", "goodbye")


@pytest.fixture(scope="module")
def table() -> Table:
    return compiled()


def pressed(digits: str) -> Outcome:
    return Outcome(Result.PRESSED, digits)


def result(name: str) -> Outcome:
    return Outcome(Result(name))


def walk_to(table: Table, *outcomes: Outcome, at: str = "2026-01-12 10:00") -> Walk:
    walk = table.walk("FXO1", Party("0501234567"), now(at))
    for outcome in outcomes:
        walk.resume(outcome, now(at))
    return walk


def blocks(walk: Walk) -> list[tuple[str, str]]:
    return [(passed.block, passed.outcome) for passed in walk.path]


def test_working_hours_cost_no_step(table: Table) -> None:
    walk = walk_to(table)
    assert walk.step == PlayStep("hello", ("greeting",))
    assert blocks(walk) == [("hours", "open")]


def test_after_hours_the_announcement_is_followed_by_the_hang_up(table: Table) -> None:
    walk = walk_to(table, at="2026-01-11 10:00")
    assert walk.step == PlayStep("closed", ("closed",))
    assert walk.resume(DONE, now()) == HangUpStep("closed", Cause.NORMAL)
    assert blocks(walk) == [("hours", "closed"), ("closed", "done")]
    with pytest.raises(LocalError):
        walk.resume(DONE, now())


def test_a_menu_leads_where_its_key_says(table: Table) -> None:
    walk = walk_to(table, DONE)
    assert walk.step == MenuStep("menu", ("menu_default",), frozenset("129#"), 5.0)
    assert walk.resume(pressed("1"), now()) == QueueStep("sales", "sales", 60.0)
    assert blocks(walk)[-1] == ("menu", "pressed 1")


def test_the_hash_is_a_key(table: Table) -> None:
    walk = walk_to(table, DONE, pressed("#"))
    assert walk.step == PlayStep("bye", ("goodbye",))


def test_a_wrong_key_is_told_and_asked_again(table: Table) -> None:
    walk = walk_to(table, DONE, pressed("7"))
    step = walk.step
    assert isinstance(step, MenuStep) and step.prompts == ("invalid_choice", "menu_default")
    assert isinstance(walk.resume(pressed("7"), now()), DialStep), "two tries, then otherwise"
    assert walk.keys == "77"


def test_silence_in_a_menu_is_asked_again_without_blame(table: Table) -> None:
    walk = walk_to(table, DONE, NOTHING)
    step = walk.step
    assert isinstance(step, MenuStep) and step.prompts == ("menu_default",)


def test_an_extension_is_offered_and_then_its_mailbox(table: Table) -> None:
    walk = walk_to(table, DONE, pressed("2"))
    assert walk.step == DialStep("dial", ("dial_extension",), 3.0, 3.0)
    assert walk.resume(pressed("201"), now()) == OfferStep("dial", ("201",), 12.0)
    prompts = ("extension_busy", "leave_message_after_tone")
    assert walk.resume(result("busy"), now()) == VoicemailStep("dial", "201", prompts, 180.0)
    assert walk.resume(DONE, now()) == PlayStep("dial", THANKS)
    assert walk.keys == "2201"


def test_an_unanswered_extension_without_mailbox_goes_on(table: Table) -> None:
    walk = walk_to(table, DONE, pressed("2"), pressed("202"), result("no answer"))
    assert walk.step == PlayStep("dial", ("extension_no_answer",))
    assert isinstance(walk.resume(DONE, now()), QueueStep)


def test_the_hash_after_an_extension_is_ignored(table: Table) -> None:
    assert isinstance(walk_to(table, DONE, pressed("2"), pressed("202#")).step, OfferStep)


def test_nothing_dialled_goes_on_at_once(table: Table) -> None:
    assert isinstance(walk_to(table, DONE, pressed("2"), NOTHING).step, QueueStep)


def test_a_wrong_extension_is_asked_again_then_goes_on(table: Table) -> None:
    walk = walk_to(table, DONE, pressed("2"), pressed("299"))
    step = walk.step
    assert isinstance(step, DialStep) and step.prompts == ("invalid_extension", "dial_extension")
    assert isinstance(walk.resume(pressed("5"), now()), QueueStep)


def test_no_answer_of_the_dial_block_goes_before_the_mailbox() -> None:
    table = compiled(("tries = 2 }\nsales", 'tries = 2, no_answer = "all" }\nsales'))
    walk = walk_to(table, DONE, pressed("2"), pressed("201"), result("no answer"))
    assert walk.step == OfferStep("all", ("201", "202"), 25.0)


@pytest.mark.parametrize(
    ("outcomes", "step"),
    [
        (["timeout"], OfferStep("boss", ("202",), 25.0)),
        (["full"], PlayStep("bye", ("goodbye",))),
        (["empty"], OfferStep("all", ("201", "202"), 25.0)),
        (["empty", "no answer"], OfferStep("boss", ("202",), 25.0)),
        (["empty", "busy"], OutsideStep("mobile", "0501110101", ("city", "itsp"), 45.0)),
        (["empty", "busy", "failed"], PlayStep("bye", ("goodbye",))),
        (
            ["empty", "busy", "no answer"],
            VoicemailStep("box", "201", ("leave_message_after_tone",), 180.0),
        ),
        (
            ["empty", "busy", "busy"],
            VoicemailStep("box", "201", ("leave_message_after_tone",), 180.0),
        ),
        (["timeout", "busy", "done"], PlayStep("box", THANKS)),
        (["timeout", "no answer", "full"], PlayStep("bye", ("goodbye",))),
        (["timeout", "no answer", "done", "done"], HangUpStep("box", Cause.NORMAL)),
    ],
)
def test_ways_out_of_the_queue(table: Table, outcomes: list[str], step: Step) -> None:
    walk = walk_to(table, DONE, pressed("1"), *map(result, outcomes))
    assert walk.step == step


def test_a_person_block_leads_to_his_mailbox_by_itself(table: Table) -> None:
    walk = table.walk("direct", Party(), now())
    walk.resume(result("no answer"), now())
    prompts = ("extension_no_answer", "leave_message_after_tone")
    assert walk.step == VoicemailStep("ring", "201", prompts, 180.0)
    assert walk.resume(result("full"), now()) == PlayStep("ring", ("mailbox_full", "goodbye"))


def test_an_answer_ends_the_walk(table: Table) -> None:
    walk = walk_to(table, DONE, pressed("1"), result("answered"))
    assert walk.step is None and walk.answered
    assert blocks(walk)[-1] == ("sales", "answered")
    with pytest.raises(LocalError, match="does not answer"):
        walk.resume(DONE, now())


def test_a_caller_who_comes_back_for_ever_is_led_on(table: Table) -> None:
    walk = walk_to(table)
    for _ in range(MAX_VISITS):
        assert isinstance(walk.step, PlayStep)
        walk.resume(DONE, now())
        assert isinstance(walk.step, MenuStep)
        walk.resume(pressed("9"), now())
    assert isinstance(walk.resume(DONE, now()), DialStep)
    assert ("menu", "too many rounds") in blocks(walk)


@pytest.mark.parametrize("outcome", [NOTHING, result("answered"), pressed("1")])
def test_an_outcome_that_does_not_fit_changes_nothing(table: Table, outcome: Outcome) -> None:
    walk = walk_to(table)
    with pytest.raises(LocalError, match="does not answer the step"):
        walk.resume(outcome, now())
    assert walk.step == PlayStep("hello", ("greeting",)) and blocks(walk) == [("hours", "open")]


def test_pressed_needs_digits(table: Table) -> None:
    with pytest.raises(LocalError, match="without digits"):
        walk_to(table, DONE, pressed(""))


def test_the_schedule_is_asked_when_the_caller_reaches_it() -> None:
    """A caller who is greeted at 17:59 and reaches the check at 18:00 is after hours."""
    table = compiled(
        ('start = "hours"', 'start = "hello"'),
        ('next = "menu"', 'next = "hours"'),
        ('open = "hello"', 'open = "menu"'),
    )
    walk = table.walk("FXO1", Party(), now("2026-01-12 17:59"))
    assert walk.resume(DONE, now("2026-01-12 18:00")) == PlayStep("closed", ("closed",))


def test_a_check_is_no_step(table: Table) -> None:
    walk = walk_to(table)
    with pytest.raises(LocalError, match="no step"):
        walk._make(Hours("x", "office", 0, 0))
