# SPDX-License-Identifier: GPL-2.0-or-later
"""From the schedules of an office to minute tables. Pure; driven by `firmware.routing.compile`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from firmware.config.problems import Key
from firmware.config.schema import Office, Schedule
from firmware.routing.schedule import Calendar, build, overlap, parse_days, parse_hours

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Found = list[tuple[Key, str]]


def compile_calendars(office: Office) -> tuple[dict[str, Calendar], Found]:
    """A calendar of each schedule, and the hours and dates that are none."""
    found: Found = []
    calendars = {
        schedule.name: _calendar(("schedules", index), schedule, found)
        for index, schedule in enumerate(office.schedules)
    }
    return calendars, found


def _calendar(key: Key, schedule: Schedule, found: Found) -> Calendar:
    week = {
        WEEKDAYS.index(day): _spans((*key, "open", day), hours, found)
        for day, hours in schedule.open.items()
    }
    holidays = [
        day
        for index, text in enumerate(schedule.holidays)
        for day in _days((*key, "holidays", index), text, found)
    ]
    special = {
        day: _spans((*key, "special_days", text), hours, found)
        for text, hours in schedule.special_days.items()
        for day in _days((*key, "special_days", text), text, found)
    }
    return build(week, holidays, special)


def _spans(key: Key, hours: Iterable[str], found: Found) -> list[tuple[int, int]]:
    spans = []
    for index, text in enumerate(hours):
        try:
            spans.append(parse_hours(text))
        except ValueError as error:
            found.append(((*key, index), str(error)))
    clash = overlap(spans)
    if clash is not None:
        start = f"{clash[0] // 60:02}:{clash[0] % 60:02}"
        found.append((key, f"the hours from {start} begin before the hours before them end."))
    return spans


def _days(key: Key, text: str, found: Found) -> list[date]:
    try:
        return parse_days(text)
    except ValueError as error:
        found.append((key, str(error)))
        return []
