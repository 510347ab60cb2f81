# SPDX-License-Identifier: GPL-2.0-or-later
"""`tipring check` and the three example offices."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from firmware.config.load import load_office
from firmware.routing.check import check_office
from firmware.routing.compile import compile_office
from firmware.routing.explain import what_if
from firmware.values import LineId, Party

OFFICES = Path(__file__).parents[3] / "board" / "sim" / "offices"
READ_ON = date(2026, 11, 1)


@pytest.mark.parametrize("name", ["r1", "r2", "r3"])
def test_example_offices_are_accepted(name: str) -> None:
    problems, summary = check_office(OFFICES / f"{name}.toml", READ_ON)
    assert problems == () and summary is not None
    assert (summary.people, summary.telephones, summary.exchange_lines) == (15, 15, 4)


def test_the_summary_is_one_readable_line() -> None:
    _, summary = check_office(OFFICES / "r1.toml", READ_ON)
    assert str(summary).startswith(
        "Shop of fifteen: people 15, telephones 15, exchange lines 4, SIP trunks 1, queues 1, "
        "schemes 1, mailboxes 1; table "
    )


def test_a_missing_file_is_one_problem(tmp_path: Path) -> None:
    problems, summary = check_office(tmp_path / "none.toml")
    assert [problem.text for problem in problems] == [
        "The file cannot be read: No such file or directory."
    ]
    assert summary is None


@pytest.mark.parametrize(
    ("office", "at", "keys", "answered_by", "blocks"),
    [
        ("r1", "2026-11-23 10:00", "", "113", ["hello", "hours", "managers"]),
        ("r1", "2026-11-22 10:00", "", None, ["hello", "hours", "message", "message", "message"]),
        ("r2", "2026-11-23 10:00", "110", "110", ["hours", "dial", "dial"]),
        ("r2", "2026-11-23 10:00", "", "102", ["hours", "dial", "secretaries"]),
        ("r3", "2026-11-22 10:00", "", "105", ["hours", "hello", "operators"]),
        ("r3", "2027-01-01 10:00", "", None, ["hours", "closed", "closed"]),
    ],
)
def test_reference_schemes(
    office: str, at: str, keys: str, answered_by: str | None, blocks: list[str]
) -> None:
    table = compile_office(load_office(OFFICES / f"{office}.toml", READ_ON))
    moment = datetime.fromisoformat(at)
    steps = what_if(table, LineId("FXO1"), Party(), moment, keys=keys, answered_by=answered_by)
    assert [step.block for step in steps[1:]] == blocks
