# SPDX-License-Identifier: GPL-2.0-or-later
"""From an office to its table, or to everything that stands against it.

Compiling is proving: a table exists only if no caller can be lost. Pure; driven by the command
line, the console's preview and the exchange at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from zoneinfo import ZoneInfo

from firmware.config.problems import Key, OfficeRefused
from firmware.config.schema import FxoLine, Office, SipTrunk
from firmware.routing import blocks, plan
from firmware.routing.assemble import assemble
from firmware.routing.calendars import compile_calendars
from firmware.routing.ops import Op
from firmware.routing.people import forward_faults, people_faults, queue_faults, wiring_faults
from firmware.routing.prove import Proof, Weather, weathers
from firmware.routing.schedule import Calendar
from firmware.routing.table import Table

Found = list[tuple[Key, str]]


def compile_office(office: Office) -> Table:
    """The table of an office from `load_office`.

    Raises OfficeRefused (a ConfigError) that lists every reason as ``file:line: sentence``; a
    refused scheme names one caller who would be lost in it.
    """
    calendars, problems = compile_calendars(office)
    program, starts = blocks.compile_schemes(office)
    problems += [*program.problems, *plan.clashes(office), *plan.outside_faults(office)]
    problems += [*plan.emergency_faults(office), *people_faults(office)]
    problems += [*queue_faults(office), *wiring_faults(office)]
    ops = cast(tuple[Op, ...], tuple(program.ops))
    if not any(key[0] == "schedules" for key, _ in problems):
        problems += _prove(office, calendars, ops, starts, program)
    compiled = Table(assemble(office, calendars, ops, starts))
    problems += forward_faults(office, compiled)
    if problems:
        raise OfficeRefused(office.source.problem(key, text) for key, text in problems)
    return compiled


# ------------------------------------------------------------------------------------- the proof


def _prove(
    office: Office,
    calendars: dict[str, Calendar],
    ops: tuple[Op, ...],
    starts: dict[str, int],
    program: blocks.Program,
) -> Found:
    zone = ZoneInfo(office.office.time_zone)
    weather = weathers(calendars, zone, office.source.read_on)
    never_open = list(_never_open(office, weather))
    found: Found = list(never_open)
    for name, start in starts.items():
        caller = _first_caller(office, name)
        if caller is None:
            text = f'scheme "{name}" is started by no line, trunk or number.'
            found.append((("schemes", name), text))
            continue
        proof = Proof(ops, start, caller, weather)
        proof.run()
        places = [(program.places[lost.op], lost.story) for lost in proof.lost]
        found += [(place, story + program.cures.get(place, "")) for place, story in places]
        if not never_open:  # then whole branches are unreached, and for one reason
            found += _unreached(office, name, {program.places[at] for at in proof.reached})
    return found


def _never_open(office: Office, weather: list[Weather]) -> Iterator[tuple[Key, str]]:
    for index, schedule in enumerate(office.schedules):
        if not any(answer.open[schedule.name] for answer in weather):
            text = f'schedule "{schedule.name}" is not open in any minute of the next 400 days.'
            yield ("schedules", index), text


def _first_caller(office: Office, scheme: str) -> str | None:
    """Somebody who comes into a scheme, for the stories."""
    for line in office.lines:
        if isinstance(line, FxoLine) and line.scheme == scheme:
            return line.name
    for trunk in office.trunks:
        if isinstance(trunk, SipTrunk) and scheme in (trunk.scheme, *trunk.numbers.values()):
            return f"trunk {trunk.name}"
    number = office.schemes[scheme].number
    return f"a telephone that dials {number}" if number else None


def _unreached(office: Office, scheme: str, places: set[Key]) -> Iterator[tuple[Key, str]]:
    for block in office.schemes[scheme].blocks:
        key: Key = ("schemes", scheme, "blocks", block)
        if key not in places:
            yield key, f'block "{block}" is never reached by any caller.'
