# SPDX-License-Identifier: GPL-2.0-or-later
"""Schedules as minute tables: is the office open at this local minute?

Hours are local wall time, so daylight saving needs no rule of its own: a minute that comes twice
has the same answer both times, one that is skipped is never asked. Each date is a real date. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

import msgspec

DAY_MINUTES = 24 * 60

Spans = tuple[tuple[int, int], ...]
"""Open minutes of one day: [from, to) in minutes after midnight, in order, apart."""


class Calendar(msgspec.Struct, frozen=True):
    """Open minutes by weekday (0 is Monday) and, where they differ, by date."""

    week: tuple[Spans, ...]
    dates: dict[str, Spans] = {}

    def spans(self, day: date) -> Spans:
        """Open minutes of a day."""
        return self.dates.get(day.isoformat(), self.week[day.weekday()])

    def is_open(self, local: datetime) -> bool:
        """Whether the office is open at a local time."""
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.spans(local.date()))

    def changes(self, first: date, days: int) -> Iterator[datetime]:
        """Local minutes (no zone) in which the answer may change, day by day, in order."""
        for day in (first + timedelta(days=n) for n in range(days)):
            midnight = datetime.combine(day, time())
            minutes = {0} | {m for span in self.spans(day) for m in span if m < DAY_MINUTES}
            yield from (midnight + timedelta(minutes=m) for m in sorted(minutes))


def parse_hours(text: str) -> tuple[int, int]:
    """A span such as 09:00-18:00 as minutes; an end before the start is on the next day, > 1440.

    ValueError with a sentence when it is no time or the span is empty.
    """
    start, end = (_minute(part) for part in text.split("-"))
    if start in (end, DAY_MINUTES):
        raise ValueError(f'"{text}" is no span of time; write "00:00-24:00" for a whole day.')
    return start, end if end > start else end + DAY_MINUTES


def _minute(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if hours * 60 + minutes > DAY_MINUTES:
        raise ValueError(f'"{text}" is no time of day.')
    return hours * 60 + minutes


def overlap(spans: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    """The first span that begins before an earlier one ends, or None."""
    last_end = 0
    for start, end in sorted(spans):
        if start < last_end:
            return start, end
        last_end = end
    return None


def parse_days(text: str) -> list[date]:
    """Dates of 2026-12-25 or 2026-12-30..2027-01-07, both ends in; ValueError with a sentence."""
    first, _, last = text.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValueError(f'"{text}" is no date of the calendar.') from None
    if end < begin:
        raise ValueError(f'"{text}" ends before it begins.')
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def build(
    week: dict[int, list[tuple[int, int]]],
    holidays: Iterable[date],
    special: dict[date, list[tuple[int, int]]],
) -> Calendar:
    """A calendar; hours past midnight run into the next day whatever that day is."""
    own: dict[date, list[tuple[int, int]]] = {day: [] for day in holidays} | special

    def hours(day: date) -> list[tuple[int, int]]:
        return own.get(day, week.get(day.weekday(), []))

    touched = set(own) | {day + timedelta(days=1) for day in own}
    plain = tuple(_merged(week.get(d, []), week.get((d - 1) % 7, [])) for d in range(7))
    dates = {
        day.isoformat(): _merged(hours(day), hours(day - timedelta(days=1)))
        for day in sorted(touched)
    }
    return Calendar(plain, dates)


def _merged(today: list[tuple[int, int]], yesterday: list[tuple[int, int]]) -> Spans:
    spans = [(start, min(end, DAY_MINUTES)) for start, end in today]
    spans += [(0, end - DAY_MINUTES) for _, end in yesterday if end > DAY_MINUTES]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
