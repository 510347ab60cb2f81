# SPDX-License-Identifier: GPL-2.0-or-later
"""That every name of an office file leads to something, once, of the right kind. No I/O."""

from __future__ import annotations

import zoneinfo
from collections.abc import Hashable, Iterable, Iterator

from firmware.config.names import Declared, block_exits, prompt_uses, uses
from firmware.config.problems import Key, Problem, nearest
from firmware.config.schema import Office


def broken_names(office: Office, declared: Declared, prompts: frozenset[str]) -> list[Problem]:
    """Names that are unknown, given twice, or shared where they must not be.

    `prompts` are the keys of the catalogue and the office's own recordings.
    """
    found = [
        *_unknown(office, declared),
        *_unknown_blocks(office, declared),
        *_unknown_prompts(office, prompts),
        *_twice(office),
        *_unknown_zone(office),
    ]
    return [office.source.problem(key, text) for key, text in found]


_Found = Iterator[tuple[Key, str]]


def _unknown(office: Office, declared: Declared) -> _Found:
    for use in uses(office):
        known = declared.names[use.what]
        if use.name not in known:
            other = " (it is a line of another kind)" if use.name in declared.names["line"] else ""
            yield use.key, f'there is no {use.what} "{use.name}"{other}{nearest(use.name, known)}'


def _unknown_blocks(office: Office, declared: Declared) -> _Found:
    for name, scheme in office.schemes.items():
        known = declared.blocks[name]
        if scheme.start not in known:
            text = f'scheme "{name}" starts at block "{scheme.start}", which it does not have'
            yield ("schemes", name, "start"), text + nearest(scheme.start, known)
        for block_name, block in scheme.blocks.items():
            for way, target in block_exits(block):
                if target not in known:
                    key = ("schemes", name, "blocks", block_name, *way)
                    exit_name = " ".join(map(str, way)).replace("keys", "key")
                    text = f'block "{block_name}" leads by "{exit_name}" to "{target}", '
                    yield key, f"{text}which is no block of this scheme{nearest(target, known)}"


def _unknown_prompts(office: Office, prompts: frozenset[str]) -> _Found:
    for key, prompt in prompt_uses(office):
        if prompt not in prompts:
            yield key, f'there is no prompt "{prompt}"{nearest(prompt, prompts)}'


def _twice(office: Office) -> _Found:
    lists: dict[str, Iterable[str]] = {
        "cards": (card.name for card in office.cards),
        "lines": (line.name for line in office.lines),
        "trunks": (trunk.name for trunk in office.trunks),
        "queues": (queue.name for queue in office.queues),
        "schedules": (schedule.name for schedule in office.schedules),
    }
    for table, names in lists.items():
        yield from _repeated(((table, i, "name"), f'name "{n}"', n) for i, n in enumerate(names))
    lines = [(i, line) for i, line in enumerate(office.lines)]
    yield from _repeated(
        (("lines", i, "port"), f'port "{x.port}" of card "{x.card}"', (x.card, x.port))
        for i, x in lines
    )
    yield from _repeated(
        (("people", i, "devices", d), f'line "{line}"', line)
        for i, person in enumerate(office.people)
        for d, line in enumerate(person.devices)
    )
    yield from _lines_and_trunks(office)


def _repeated(items: Iterable[tuple[Key, str, Hashable]]) -> _Found:
    seen: set[Hashable] = set()
    for key, label, value in items:
        if value in seen:
            yield key, f"{label} is given twice."
        seen.add(value)


def _lines_and_trunks(office: Office) -> _Found:
    """Lines and trunks are named in the same places, so they share their names."""
    lines = {line.name for line in office.lines}
    for index, trunk in enumerate(office.trunks):
        if trunk.name in lines:
            yield ("trunks", index, "name"), f'trunk "{trunk.name}" has the name of a line.'


def _unknown_zone(office: Office) -> _Found:
    zone = office.office.time_zone
    known = zoneinfo.available_timezones()
    if zone not in known:
        yield ("office", "time_zone"), f'there is no time zone "{zone}"{nearest(zone, known)}'
