# SPDX-License-Identifier: GPL-2.0-or-later
"""The number plan: its patterns, and what makes a number of it unreachable. Pure.

Inside numbers (extensions, numbers of queues and schemes), outside prefixes, emergency numbers
and feature codes share one space of digits. No inside number may begin another or lie behind a
prefix: then every number is known the moment its last digit is dialled.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmware.config.problems import Key
from firmware.config.schema import Office
from firmware.routing.codes import FEATURE_CODES, TAKES_EXTENSION, TAKES_NUMBER
from firmware.routing.dialplan import Pattern

MAIN_EMERGENCY = {
    "RU": ("112",),
    "UA": ("112",),
    "PL": ("112",),
    "DE": ("112",),
    "UK": ("999", "112"),
    "US": ("911",),
}
"""The number that must work from every telephone of the country, one of them."""

Found = Iterator[tuple[Key, str]]


def inside_numbers(office: Office) -> list[tuple[Key, str, str]]:
    """Each number inside: its place, the number, and whose it is."""
    numbers: list[tuple[Key, str, str]] = [
        (("people", i, "extension"), person.extension, f"extension of {person.name}")
        for i, person in enumerate(office.people)
    ]
    numbers += [
        (("queues", i, "number"), queue.number, f'number of queue "{queue.name}"')
        for i, queue in enumerate(office.queues)
        if queue.number
    ]
    numbers += [
        (("schemes", name, "number"), scheme.number, f'number of scheme "{name}"')
        for name, scheme in office.schemes.items()
        if scheme.number
    ]
    return numbers


def patterns(office: Office) -> list[Pattern]:
    """Everything that may be dialled on a telephone of the office."""
    extensions = [person.extension for person in office.people]
    plain = [Pattern(number) for _, number, _ in inside_numbers(office)]
    plain += [Pattern(r.prefix, r.min_digits, r.max_digits) for r in office.outside]
    general = office.office
    urgent = [Pattern(number, stops=True) for number in general.emergency]
    urgent += [
        Pattern(route.prefix + number, stops=True)
        for route in office.outside
        for number in (*general.emergency, *general.emergency_behind_prefix)
    ]
    codes = [Pattern(code) for code in FEATURE_CODES if code not in (*TAKES_NUMBER, "*98")]
    codes += [Pattern(code + number) for code in TAKES_EXTENSION for number in extensions]
    codes += [
        Pattern(code + p.literal, p.min_free, p.max_free) for code in TAKES_NUMBER for p in plain
    ]
    return plain + urgent + codes


def clashes(office: Office) -> Found:
    """Numbers that hide each other."""
    numbers = inside_numbers(office)
    for index, (key, number, owner) in enumerate(numbers):
        for _, earlier, other in numbers[:index]:
            if number == earlier:
                yield key, f"{number} is the {owner} and the {other}."
            elif number.startswith(earlier) or earlier.startswith(number):
                short, long = sorted((number, earlier), key=len)
                yield (
                    key,
                    (
                        f"{number} is the {owner} and {earlier} the {other}: {short} begins "
                        f"{long}, so who dials {long} reaches {short}."
                    ),
                )
        yield from _with_emergency(office, key, number, owner)
        for route in office.outside:
            if number.startswith(route.prefix):
                text = f"{number}, the {owner}, lies behind the outside prefix {route.prefix}"
                yield key, f"{text}: whoever dials it may be led outside."
            elif route.prefix.startswith(number):
                text = f"{number}, the {owner}, begins the outside prefix {route.prefix}"
                yield key, f"{text}, which can never be dialled."


def _with_emergency(office: Office, key: Key, number: str, owner: str) -> Found:
    for urgent in office.office.emergency:
        if number == urgent:
            yield (
                key,
                (
                    f"{number} is the {owner} and an emergency number: move it to "
                    "emergency_behind_prefix or change the extension."
                ),
            )
        elif urgent.startswith(number):
            text = f"{number}, the {owner}, begins the emergency number {urgent}"
            yield key, f"{text}: whoever dials {urgent} does not get help."
        elif number.startswith(urgent):
            text = f"{number}, the {owner}, begins with the emergency number {urgent}"
            yield key, f"{text}, which is called as soon as it is dialled."


def outside_faults(office: Office) -> Found:
    """Prefixes that cannot work."""
    seen: set[str] = set()
    for index, route in enumerate(office.outside):
        key: Key = ("outside", index)
        if route.prefix in seen:
            text = f"prefix {route.prefix} is given twice: this one is never reached."
            yield (*key, "prefix"), text
        seen.add(route.prefix)
        for urgent in office.office.emergency:
            if route.prefix.startswith(urgent):
                text = f"prefix {route.prefix} begins with the emergency number {urgent}"
                yield (*key, "prefix"), f"{text} and can never be dialled."
        if route.strip > len(route.prefix):
            text = f"strip = {route.strip} takes away more than the prefix {route.prefix}."
            yield (*key, "strip"), text
        if route.min_digits > route.max_digits:
            text = f"min_digits = {route.min_digits} is more than max_digits = {route.max_digits}"
            yield (*key, "min_digits"), f"{text}: no number fits."


def emergency_faults(office: Office) -> Found:
    """Why somebody could not call for help."""
    general = office.office
    main = MAIN_EMERGENCY[general.country]
    if not set(main) & set(general.emergency):
        text = f"emergency must hold {' or '.join(main)}, the emergency number of {general.country}"
        yield ("office", "emergency"), f"{text}, so that every telephone can call for help."
    has_way_out = any(line.kind == "fxo" for line in office.lines) or bool(office.trunks)
    if not has_way_out:
        text = "no line and no trunk leads out, so no telephone can call an emergency number."
        yield ("office", "emergency"), text
    if general.emergency_behind_prefix and not office.outside:
        text = "emergency_behind_prefix needs an [[outside]] prefix to dial first."
        yield ("office", "emergency_behind_prefix"), text
