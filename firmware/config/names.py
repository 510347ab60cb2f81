# SPDX-License-Identifier: GPL-2.0-or-later
"""Which names an office file declares, and each place that uses one. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware.config.problems import Key
from firmware.config.schema import (
    Announce,
    Block,
    CallOutside,
    DialExtension,
    EnterQueue,
    FxoLine,
    Greeting,
    GroupTrunk,
    HangUp,
    LeaveMessage,
    Menu,
    OfferPerson,
    Office,
    RingGroup,
    SipTrunk,
    WorkingTime,
)

BLOCK_EXITS: tuple[str, ...] = (
    "next",
    "open",
    "closed",
    "otherwise",
    "no_answer",
    "busy",
    "failed",
    "timeout",
    "empty",
    "full",
)


@dataclass(frozen=True, slots=True)
class Declared:
    """Names by what they are: "card", "line", "FXS line", "FXO line", "trunk", "person" ..."""

    names: Mapping[str, frozenset[str]]
    blocks: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by scheme


@dataclass(frozen=True, slots=True)
class Use:
    """A name used somewhere."""

    key: Key
    what: str  # kind of name, as in Declared
    name: str


def declared_names(data: Mapping[str, Any]) -> Declared:
    """Every name of a parsed file, also of tables whose other keys are wrong."""
    lines = _of_kind(data, "lines", "fxs"), _of_kind(data, "lines", "fxo")
    schemes = {n: s for n, s in _table(data, "schemes").items() if isinstance(s, Mapping)}
    classes = {"internal"} | set(_column(data, "outside", "class"))
    return Declared(
        {
            "card": frozenset(_column(data, "cards", "name")),
            "line": frozenset(_column(data, "lines", "name")),
            "FXS line": frozenset(lines[0]),
            "FXO line": frozenset(lines[1]),
            "trunk": frozenset(_column(data, "trunks", "name")),
            "trunk or FXO line": frozenset(_column(data, "trunks", "name")) | frozenset(lines[1]),
            "person": frozenset(_column(data, "people", "extension")),
            "queue": frozenset(_column(data, "queues", "name")),
            "schedule": frozenset(_column(data, "schedules", "name")),
            "scheme": frozenset(_table(data, "schemes")),
            "class": frozenset(classes),
        },
        {name: frozenset(_table(scheme, "blocks")) for name, scheme in schemes.items()},
    )


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    return table if isinstance(table, Mapping) else {}


def _rows(data: Mapping[str, Any], table: str) -> Iterator[Mapping[str, Any]]:
    rows = data.get(table)
    yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, Mapping))


def _column(data: Mapping[str, Any], table: str, key: str) -> list[str]:
    return [str(row[key]) for row in _rows(data, table) if key in row]


def _of_kind(data: Mapping[str, Any], table: str, kind: str) -> list[str]:
    # a line of a wrong kind may be meant as either; what stands there may be of any type
    other = [known for known in ("fxs", "fxo") if known != kind]
    return [str(row.get("name")) for row in _rows(data, table) if row.get("kind") not in other]


def uses(office: Office) -> Iterator[Use]:
    """Every use of a declared name outside the schemes, and in them."""
    yield from _list(("office", "emergency_trunks"), "trunk", office.office.emergency_trunks)
    yield from _line_uses(office)
    yield from _trunk_uses(office)
    for index, person in enumerate(office.people):
        yield from _list(("people", index, "devices"), "FXS line", person.devices)
        yield from _list(("people", index, "classes"), "class", person.classes)
    for index, queue in enumerate(office.queues):
        yield from _list(("queues", index, "members"), "person", queue.members)
    for index, route in enumerate(office.outside):
        yield from _list(("outside", index, "trunks"), "trunk or FXO line", route.trunks)
    for name, scheme in office.schemes.items():
        for block_name, block in scheme.blocks.items():
            yield from _block_uses(("schemes", name, "blocks", block_name), block)


def _list(key: Key, what: str, names: tuple[str, ...]) -> Iterator[Use]:
    yield from (Use((*key, index), what, name) for index, name in enumerate(names))


def _line_uses(office: Office) -> Iterator[Use]:
    for index, line in enumerate(office.lines):
        yield Use(("lines", index, "card"), "card", line.card)
        if isinstance(line, FxoLine) and line.scheme is not None:
            yield Use(("lines", index, "scheme"), "scheme", line.scheme)


def _trunk_uses(office: Office) -> Iterator[Use]:
    for index, trunk in enumerate(office.trunks):
        if isinstance(trunk, GroupTrunk):
            yield from _list(("trunks", index, "lines"), "FXO line", trunk.lines)
        elif isinstance(trunk, SipTrunk):
            if trunk.scheme is not None:
                yield Use(("trunks", index, "scheme"), "scheme", trunk.scheme)
            for number, scheme in trunk.numbers.items():
                yield Use(("trunks", index, "numbers", number), "scheme", scheme)


def _block_uses(key: Key, block: Block) -> Iterator[Use]:
    match block:
        case WorkingTime():
            yield Use((*key, "schedule"), "schedule", block.schedule)
        case EnterQueue():
            yield Use((*key, "queue"), "queue", block.queue)
        case OfferPerson():
            yield Use((*key, "person"), "person", block.person)
        case LeaveMessage():
            yield Use((*key, "mailbox"), "person", block.mailbox)
        case RingGroup():
            yield from _list((*key, "people"), "person", block.people)
        case CallOutside():
            yield from _list((*key, "trunks"), "trunk or FXO line", block.trunks)


def block_exits(block: Block) -> Iterator[tuple[Key, str]]:
    """Each exit that the file names: where in the block, and the block it leads to."""
    for exit_name in BLOCK_EXITS:
        target = getattr(block, exit_name, None)
        if target is not None:
            yield (exit_name,), target
    if isinstance(block, Menu):
        yield from ((("keys", key), target) for key, target in block.keys.items())


def prompt_uses(office: Office) -> Iterator[tuple[Key, str]]:
    """Each prompt that the file names."""
    for index, queue in enumerate(office.queues):
        yield ("queues", index, "music"), queue.music
    for name, scheme in office.schemes.items():
        for block_name, block in scheme.blocks.items():
            key = ("schemes", name, "blocks", block_name)
            if isinstance(block, Menu | DialExtension):
                yield (*key, "invalid"), block.invalid
            if isinstance(
                block, Greeting | Menu | DialExtension | LeaveMessage | Announce | HangUp
            ):
                yield from (((*key, "prompt"), prompt) for prompt in block.prompt)
