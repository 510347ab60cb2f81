# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof: who would be lost, told by one caller's story."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware.config.problems import OfficeRefused
from firmware.routing.prove import spoken_time, weathers
from firmware.routing.schedule import build, parse_hours
from tests.unit.routing.offices import MAIN, compiled

KYIV = ZoneInfo("Europe/Kyiv")


def refusals(*changes: tuple[str, str], scheme: str = MAIN) -> list[str]:
    with pytest.raises(OfficeRefused) as refused:
        compiled(*changes, scheme=scheme)
    return [problem.text for problem in refused.value.problems]


def test_a_silent_hang_up_in_one_hour_of_the_year_is_found() -> None:
    """The only caller lost comes on the night in which the clocks go back."""
    found = refusals(
        ('sat = ["22:00-02:00"]', ""),
        ('"2026-01-06" = ["10:00-11:00"]', '"2026-10-25" = ["03:00-04:00"]'),
        ('mon = ["09:00-18:00"],', ""),
        ('open = "hello"', 'open = "cut"'),
        scheme="""
[schemes.main]
start = "hours"
[schemes.main.blocks]
hours = { kind = "hours", schedule = "office", open = "hello", closed = "closed" }
closed = { kind = "announce", prompt = "closed" }
cut = { kind = "hangup" }
""",
    )
    assert found == [
        'FXO1, Sunday 25 October 2026 03:00, waits: ends in block "cut" with nothing said.'
    ]


def test_a_greeting_is_no_announcement() -> None:
    found = refusals(
        scheme="""
[schemes.main]
start = "hello"
[schemes.main.blocks]
hello = { kind = "greeting", next = "end" }
end = { kind = "hangup" }
"""
    )
    assert found == [
        'FXO1, Thursday 1 January 2026 00:00, waits: ends in block "end" with nothing said.'
    ]


def test_last_words_count_until_something_else_happens() -> None:
    scheme = """
[schemes.main]
start = "words"
[schemes.main.blocks]
words = { kind = "announce", prompt = "closed", next = "NEXT" }
group = { kind = "group", people = ["201"], otherwise = "end" }
end = { kind = "hangup" }
"""
    compiled(scheme=scheme.replace("NEXT", "end").replace("group = {", "#"))
    found = refusals(scheme=scheme.replace("NEXT", "group"))
    assert found[0].endswith('gets no answer: ends in block "end" with nothing said.')
    assert len(found) == 1


def test_a_round_is_told_by_its_blocks_and_the_way_into_it() -> None:
    found = refusals(('full = "bye", empty', 'full = "hello", timeout = "hello", empty'))
    assert found == [
        "FXO1, Saturday 3 January 2026 22:00, waits: goes round for ever through "
        '"hello", "menu", "dial", "sales".'
    ]


def test_a_round_behind_a_key_is_found_too() -> None:
    found = refusals(
        ('busy = "mobile" }', 'busy = "all" }'),
        ("[schemes.main.blocks.mobile]", "[schemes.direct.blocks.mobile]"),
        ('otherwise = "box"\nfailed = "bye"', 'otherwise = "ring"\nfailed = "ring"'),
        ('person = "201" }', 'person = "201", otherwise = "mobile" }'),
    )
    assert any('goes round for ever through "all".' in text for text in found)
    assert any('goes round for ever through "ring", "mobile".' in text for text in found)


def test_rounds_through_a_key_are_accepted() -> None:
    compiled()  # key 9 of its menu leads back to the greeting


def test_a_scheme_reached_by_number_or_trunk_only_is_proved_too() -> None:
    found = refusals(('person = "201" }', 'person = "202" }'))
    assert found[0].startswith("trunk itsp, Thursday 1 January 2026 00:00, finds everyone busy")
    found = refusals(
        ('person = "201" }', 'person = "202" }'),
        ('numbers = { "+380445550199" = "direct" }', ""),
    )
    assert found[0].startswith("a telephone that dials 401, Thursday")


def test_each_distinct_answer_of_the_schedules_is_one_weather() -> None:
    calendars = {
        "day": build({0: [parse_hours("09:00-18:00")]}, [], {}),
        "lunch": build({0: [parse_hours("12:00-13:00")]}, [], {}),
    }
    found = weathers(calendars, KYIV, date(2026, 1, 5))
    told = [(dict(w.open), w.at.strftime("%H:%M")) for w in found]
    assert told == [
        ({"day": False, "lunch": False}, "00:00"),
        ({"day": True, "lunch": False}, "09:00"),
        ({"day": True, "lunch": True}, "12:00"),
    ]


def test_a_skipped_hour_has_no_caller() -> None:
    """Open only from 03:00 to 04:00 on the night in which that hour is skipped."""
    special = {date(2026, 3, 29): [parse_hours("03:00-04:00")]}
    found = weathers({"night": build({}, [], special)}, KYIV, date(2026, 3, 1))
    assert [dict(w.open) for w in found] == [{"night": False}]


def test_the_hour_that_comes_twice_is_seen() -> None:
    special = {date(2026, 10, 25): [parse_hours("03:00-04:00")]}
    found = weathers({"night": build({}, [], special)}, KYIV, date(2026, 10, 1))
    assert [w.at.strftime("%d %H:%M") for w in found if w.open["night"]] == ["25 03:00"]


def test_without_schedules_there_is_one_weather() -> None:
    assert len(weathers({}, KYIV, date(2026, 1, 1))) == 1


def test_times_are_told_in_words() -> None:
    assert spoken_time(datetime(2026, 10, 25, 3, 30)) == "Sunday 25 October 2026 03:30"
