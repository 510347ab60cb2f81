# SPDX-License-Identifier: GPL-2.0-or-later
"""Calendars: real dates, hours past midnight, holidays, clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from firmware.clock import Now
from firmware.routing.schedule import Calendar, build, overlap, parse_days, parse_hours
from tests.unit.routing.offices import compiled

NINE_TO_SIX = {0: [(540, 1080)]}


def opens(calendar: Calendar, *moments: str) -> list[bool]:
    return [calendar.is_open(datetime.fromisoformat(moment)) for moment in moments]


def test_the_closing_minute_is_closed() -> None:
    calendar = build(NINE_TO_SIX, [], {})
    monday = ("2026-01-05 08:59", "2026-01-05 09:00", "2026-01-05 17:59", "2026-01-05 18:00")
    assert opens(calendar, *monday) == [False, True, True, False]


def test_a_holiday_is_that_date_only() -> None:
    """MikoPBX 698: a rule for 29 April to 5 May also closed 1 to 5 April."""
    calendar = build(
        {day: [(0, 1440)] for day in range(7)}, parse_days("2026-04-29..2026-05-05"), {}
    )
    assert opens(calendar, "2026-04-01 12:00", "2026-04-28 23:59", "2026-05-06 00:00") == [True] * 3
    assert opens(calendar, "2026-04-29 00:00", "2026-05-05 23:59") == [False] * 2


def test_a_special_day_wins_over_the_weekday_and_a_holiday() -> None:
    day = date(2026, 1, 5)
    calendar = build(NINE_TO_SIX, [day], {day: [(600, 660)]})
    assert opens(calendar, "2026-01-05 09:30", "2026-01-05 10:30", "2026-01-12 09:30") == [
        False,
        True,
        True,
    ]


def test_hours_past_midnight_run_into_the_next_day() -> None:
    calendar = build({5: [parse_hours("22:00-02:00")]}, [date(2026, 1, 4)], {})
    saturday = "2026-01-03 23:00", "2026-01-04 01:59", "2026-01-04 02:00", "2026-01-03 01:00"
    assert opens(calendar, *saturday) == [True, True, False, False]


def test_a_closed_eve_leaves_no_open_night() -> None:
    calendar = build({5: [parse_hours("22:00-02:00")]}, [date(2026, 1, 3)], {})
    assert opens(calendar, "2026-01-03 23:00", "2026-01-04 01:00") == [False, False]
    assert opens(calendar, "2026-01-10 23:00", "2026-01-11 01:00") == [True, True]


def test_night_and_morning_hours_join() -> None:
    hours = [parse_hours("20:00-09:00"), parse_hours("09:00-12:00")]
    calendar = build(dict.fromkeys(range(7), hours), [], {})
    assert calendar.week[0] == ((0, 720), (1200, 1440))


def test_changes_name_each_minute_at_which_the_answer_may_change() -> None:
    calendar = build(NINE_TO_SIX, [], {})
    found = [moment.isoformat(" ", "minutes") for moment in calendar.changes(date(2026, 1, 5), 2)]
    assert found == ["2026-01-05 00:00", "2026-01-05 09:00", "2026-01-05 18:00", "2026-01-06 00:00"]


@pytest.mark.parametrize("text", ["09:00-09:00", "24:00-06:00", "09:00-24:01", "00:00-29:59"])
def test_wrong_hours_are_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_hours(text)


def test_a_whole_day_is_allowed() -> None:
    assert parse_hours("00:00-24:00") == (0, 1440)


def test_overlap_finds_the_later_span() -> None:
    assert overlap([(600, 700), (100, 601)]) == (600, 700)
    assert overlap([(600, 700), (100, 600)]) is None


def test_schedules_follow_the_office_and_not_the_machine() -> None:
    table = compiled()
    in_kyiv_19_30 = Now(0.0, datetime(2026, 6, 1, 16, 30, tzinfo=UTC))
    in_kyiv_09_30 = Now(0.0, datetime(2026, 6, 1, 6, 30, tzinfo=UTC))
    assert not table.is_open("office", in_kyiv_19_30)
    assert table.is_open("office", in_kyiv_09_30)


@pytest.mark.parametrize(
    ("utc", "is_open"),
    [
        ("2026-10-25 00:30", True),  # 03:30 summer time, the first time
        ("2026-10-25 01:30", True),  # 03:30 winter time, the second time
        ("2026-10-25 02:00", False),  # 04:00
        ("2026-03-29 00:59", False),  # 02:59, the next minute is 04:00
        ("2026-03-29 01:00", False),  # 04:00
    ],
)
def test_clock_changes_have_one_answer_each_minute(utc: str, is_open: bool) -> None:
    table = compiled(('sat = ["22:00-02:00"]', 'sun = ["03:00-04:00"]'))
    now = Now(0.0, datetime.fromisoformat(utc).replace(tzinfo=UTC))
    assert table.is_open("office", now) is is_open
