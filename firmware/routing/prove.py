# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof: every caller ends with a human, a mailbox or an announced hang-up.

The operations of a scheme are a finite graph. It is walked once for each *weather*, a distinct
answer of all schedules together at some minute of the next 400 days (changes of clocks
included), with everything a caller, the staff and the queues can do. Refused are a hang-up with
nothing said before it, and a round that goes on without the caller pressing anything: rounds
through a key are ended by `firmware.routing.walk.MAX_VISITS`. Each refusal tells one caller who
would be lost. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from firmware.routing.ops import CallOut, Dial, End, Enqueue, Hours, Menu, Offer, Op, Play, exits
from firmware.routing.ops import Record as RecordMessage
from firmware.routing.schedule import Calendar, Spans

HORIZON_DAYS = 400
"""Longer than a year, so that every holiday of the next one is met."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = "January February March April May June July August September October November December"


@dataclass(frozen=True, slots=True)
class Weather:
    """What the schedules say together, and the first minute in which they do."""

    open: Mapping[str, bool]
    at: datetime  # local time of the office


@dataclass(frozen=True, slots=True)
class Lost:
    """A caller who would be lost: at which operation, and his story."""

    op: int
    story: str


def weathers(calendars: Mapping[str, Calendar], zone: ZoneInfo, first: date) -> list[Weather]:
    """Each distinct answer of the schedules from `first` on, with its first minute."""
    found: dict[tuple[bool, ...], Weather] = {}
    names = sorted(calendars)
    for moment in _moments(calendars, zone, first):
        answer = tuple(calendars[name].is_open(moment) for name in names)
        if answer not in found:
            found[answer] = Weather(dict(zip(names, answer, strict=True)), moment)
    return list(found.values())


def _moments(calendars: Mapping[str, Calendar], zone: ZoneInfo, first: date) -> Iterator[datetime]:
    """Real local minutes in which some answer may be new: days like an earlier one are left out."""
    seen: set[tuple[Spans, ...]] = set()
    for day in (first + timedelta(days=n) for n in range(HORIZON_DAYS)):
        hours = tuple(calendar.spans(day) for calendar in calendars.values())
        clock_changes = list(_clock_changes(day, zone))
        if clock_changes or hours not in seen:
            naive = {m for calendar in calendars.values() for m in calendar.changes(day, 1)}
            naive.add(datetime.combine(day, time()))
            yield from sorted({_real(m, zone) for m in naive} | set(clock_changes))
        if not clock_changes:  # such a day may lack some of its minutes
            seen.add(hours)


def _real(moment: datetime, zone: ZoneInfo) -> datetime:
    """The local minute as it really comes: one that a clock change skips becomes a later one."""
    return moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def _clock_changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Each hour of a day on which the clocks change."""
    midnight = datetime.combine(day, time(), zone)
    if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset():
        start = midnight.astimezone(UTC)
        yield from ((start + timedelta(hours=n)).astimezone(zone) for n in range(26))


def spoken_time(moment: datetime) -> str:
    """A time as "Sunday 25 October 2026 03:30"."""
    month = _MONTHS.split()[moment.month - 1]
    return f"{_WEEKDAYS[moment.weekday()]} {moment.day} {month} {moment.year} {moment:%H:%M}"


class Proof:
    """One scheme in all weathers."""

    def __init__(
        self, ops: Sequence[Op], start: int, caller: str, weather: Sequence[Weather]
    ) -> None:
        """`caller` begins the stories: "FXO1", "trunk itsp", "extension dialling 300"."""
        self._ops = ops
        self._start = start
        self._caller = caller
        self._weather = weather
        self.lost: list[Lost] = []
        self.reached: set[int] = set()
        self._told: set[tuple[int, str]] = set()

    def run(self) -> None:
        """Fill `lost` and `reached`."""
        for weather in self._weather:
            stories = self._explore(weather)
            self._find_rounds(weather, stories)

    def _ways(self, at: int, weather: Weather) -> list[tuple[str, int]]:
        op = self._ops[at]
        if isinstance(op, Hours):
            return [("", op.open if weather.open[op.schedule] else op.closed)]
        return list(exits(op))

    def _explore(self, weather: Weather) -> dict[int, tuple[str, ...]]:
        """Every operation reached, with the shortest story; silent hang-ups are noted."""
        begin = (self._start, False)
        stories: dict[tuple[int, bool], tuple[str, ...]] = {begin: ()}
        todo = [begin]
        for at, said in todo:  # grows while it is walked: breadth first
            story = stories[at, said]
            op = self._ops[at]
            if isinstance(op, End) and not said:
                self._tell(at, weather, story, f'ends in block "{op.block}" with nothing said.')
            now_said = _said(op, said)
            for event, after in self._ways(at, weather):
                if (after, now_said) not in stories:
                    stories[after, now_said] = (*story, event) if event else story
                    todo.append((after, now_said))
        shortest: dict[int, tuple[str, ...]] = {}
        for at, said in todo:
            shortest.setdefault(at, stories[at, said])
        self.reached |= set(shortest)
        return shortest

    def _find_rounds(self, weather: Weather, stories: Mapping[int, tuple[str, ...]]) -> None:
        """Depth first over all ways but those of a key: meeting the own path is a round."""
        done: set[int] = set()
        for first in stories:
            path: list[int] = []
            stack = [(first, False)]
            while stack:
                at, leaving = stack.pop()
                if leaving:
                    done.add(path.pop())
                elif at in path:
                    self._tell_round(weather, stories, path[path.index(at) :])
                elif at not in done:
                    path.append(at)
                    stack.append((at, True))
                    stack.extend((after, False) for after in self._unasked(at, weather))

    def _unasked(self, at: int, weather: Weather) -> list[int]:
        """Where a caller gets without pressing anything."""
        op = self._ops[at]
        if isinstance(op, Menu | Dial):
            return [op.otherwise]
        return [after for _, after in self._ways(at, weather)]

    def _tell_round(
        self, weather: Weather, stories: Mapping[int, tuple[str, ...]], ring: list[int]
    ) -> None:
        first = min(ring, key=lambda at: (len(stories[at]), at))
        turn = ring.index(first)
        blocks = dict.fromkeys(self._ops[at].block for at in ring[turn:] + ring[:turn])
        names = ", ".join(f'"{name}"' for name in blocks)
        self._tell(first, weather, stories[first], f"goes round for ever through {names}.")

    def _tell(self, at: int, weather: Weather, story: tuple[str, ...], end: str) -> None:
        if (at, end) not in self._told:
            self._told.add((at, end))
            parts = [self._caller, spoken_time(weather.at), *(story or ("waits",))]
            self.lost.append(Lost(at, f"{', '.join(parts)}: {end}"))


def _said(op: Op, said: bool) -> bool:
    """Whether the caller has just heard last words, after an operation."""
    if isinstance(op, Play):
        return op.final or said
    return said and not isinstance(op, Menu | Dial | Enqueue | Offer | CallOut | RecordMessage)
