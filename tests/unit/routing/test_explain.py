# SPDX-License-Identifier: GPL-2.0-or-later
"""The what-if trace: the same interpreter in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firmware.errors import ConfigError
from firmware.routing.explain import TraceStep, what_if
from firmware.routing.steps import HangUpStep
from firmware.routing.table import Table
from firmware.values import LineId, Party
from tests.unit.routing.offices import compiled

MONDAY = datetime(2026, 1, 12, 10, 0)
FXO1 = LineId("FXO1")


@pytest.fixture(scope="module")
def table() -> Table:
    return compiled()


def texts(steps: list[TraceStep]) -> list[str]:
    return [step.text for step in steps]


def test_every_step_with_its_seconds(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), MONDAY, keys="1", answered_by="202")
    assert [str(step) for step in steps] == [
        '    0.0 s  -                Monday 12 January 2026 10:00: scheme "main"',
        "    0.0 s  hours            open",
        "    0.0 s  hello            play greeting",
        "    3.0 s  menu             play menu_default, caller presses 1",
        "    4.0 s  sales            queue sales (round-robin), rings 201, 202: 202 answers",
    ]
    assert steps[-1].seconds == 15.0 + 6.0, "201 has his 15 s first"


def test_prompts_last_as_long_as_they_are_told_to(table: Table) -> None:
    steps = what_if(
        table,
        FXO1,
        Party(),
        MONDAY,
        keys="#",
        duration_s={"greeting": 4.5, "menu_default": 7.0, "goodbye": 1.25}.__getitem__,
    )
    assert [(step.at_s, step.seconds) for step in steps[2:]] == [
        (0.0, 4.5),
        (4.5, 1.0),
        (5.5, 1.25),
        (6.75, 0.0),
    ]
    assert steps[-1].text == "hang up (normal)"


def test_nobody_there_ends_in_the_mailbox(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), MONDAY)
    assert texts(steps)[3:] == [
        "play menu_default, caller presses nothing",
        "play menu_default, caller presses nothing",
        "play dial_extension, caller presses nothing",
        "queue sales (round-robin), rings 201, 202: nobody answers in 60 s",
        "ring 202: no answer in 25 s",
        "play leave_message_after_tone, message of 20 s for 201",
        "play message_recorded + goodbye",
        "hang up (normal)",
    ]


def test_the_busy_do_not_ring(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), MONDAY, busy=["202"], keys="1")
    assert "queue sales (round-robin), rings 201: nobody answers in 60 s" in texts(steps)
    assert "202: busy" in texts(steps)


def test_an_extension_is_taken_whole_from_the_keys(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), MONDAY, keys="2201", answered_by="201")
    assert texts(steps)[-2:] == [
        "play dial_extension, caller presses 201",
        "ring 201: 201 answers",
    ]


def test_a_wrong_extension_is_taken_up_to_the_wrong_digit(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), MONDAY, keys="29", answered_by="201")
    assert texts(steps)[4] == "play dial_extension, caller presses 9"
    assert texts(steps)[5].startswith("play invalid_extension + dial_extension")


def test_a_turn_that_does_not_come_in_time() -> None:
    table = compiled(("max_wait_s = 60", "max_wait_s = 20"))
    steps = what_if(table, FXO1, Party(), MONDAY, keys="1", answered_by="202")
    assert texts(steps)[4].endswith("the turn of 202 does not come in time")


def test_ring_all_is_answered_at_once() -> None:
    table = compiled(('"round-robin"', '"ring-all"'))
    steps = what_if(table, FXO1, Party(), MONDAY, keys="1", answered_by="202")
    assert steps[-1].seconds == 6.0


@pytest.mark.parametrize(("by", "end"), [("outside", "answered"), (None, "no answer")])
def test_a_number_outside(by: str | None, end: str) -> None:
    table = compiled(
        ('queue = "sales", otherwise = "boss"', 'queue = "sales", otherwise = "mobile"')
    )
    steps = what_if(table, FXO1, Party(), MONDAY, keys="1", answered_by=by)
    assert f"call 0501110101 over city, itsp: {end}" in texts(steps)


def test_menus_skipped_are_told(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), MONDAY, keys="9" * 10 + "1")
    assert "too many rounds" in texts(steps)


def test_a_time_with_a_zone_is_told_in_the_office_time(table: Table) -> None:
    steps = what_if(table, FXO1, Party(), datetime(2026, 1, 12, 16, 30, tzinfo=UTC))
    assert texts(steps)[:2] == ['Monday 12 January 2026 18:30: scheme "main"', "closed"]


def test_a_line_without_scheme_is_refused(table: Table) -> None:
    with pytest.raises(ConfigError, match="neither a scheme nor a line"):
        what_if(table, LineId("FXS1"), Party(), MONDAY)


def test_last_step_is_a_hang_up_or_a_talk(table: Table) -> None:
    assert HangUpStep.__name__ and texts(what_if(table, LineId("direct"), Party(), MONDAY))[-1]
