# SPDX-License-Identifier: GPL-2.0-or-later
"""From parsed TOML to an office, finding every error in one run. No I/O.

When something is wrong, the wrong values are left out, then the tables that still do not hold,
so that what remains is an office whose names can be checked too. Such an office is only ever
reported about, never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from firmware.config.problems import Key, Problem, Source
from firmware.config.schema import Office
from firmware.config.wording import sentence

_STAND_IN: dict[str, object] = {
    "name": "-",
    "language": "en",
    "country": "UA",
    "time_zone": "Europe/Kyiv",
    "emergency": ["112"],
}
"""In place of wrong values of [office], which nothing else can do without."""

_ROUNDS = 3  # wrong values, wrong tables, and tables that were wrong in two places


def parse(data: Mapping[str, Any], source: Source) -> tuple[Office | None, list[Problem]]:
    """The office and no problem; or the problems, and what of the office could be read."""
    problems: list[Problem] = []
    for round_ in range(_ROUNDS):
        try:
            return Office.model_validate(data).with_source(source), problems
        except ValidationError as error:
            places = [(_data_key(data, e["loc"]), e) for e in error.errors(include_url=False)]
        if round_ == 0:
            problems = [_problem(source, key, item, data) for key, item in places]
            data = _without_values(data, [key for key, _ in places])
        else:
            data, source = _without_tables(data, source, [key for key, _ in places])
    return None, problems


def _problem(source: Source, key: Key, error: Any, data: Mapping[str, Any]) -> Problem:
    place = (*key, "kind") if error["type"] == "union_tag_invalid" else key
    return source.problem(place, sentence(key, error, data))


def _data_key(data: Any, loc: tuple[int | str, ...]) -> Key:
    """pydantic's place without the names of union members that it puts in between."""
    key: list[int | str] = []
    for part in loc:
        if isinstance(data, Mapping) and part not in data and data.get("kind") == part:
            continue
        if part == "[key]" or not isinstance(data, Mapping | list):
            break
        key.append(part)
        data = _child(data, part)
    return tuple(key)


def _child(data: Any, part: int | str) -> Any:
    if isinstance(data, Mapping):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) else None


def _copy(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data


def _without_values(data: Mapping[str, Any], keys: list[Key]) -> Mapping[str, Any]:
    rest = _copy(data)
    for key in keys:
        around: Any = rest
        for part in key[:-1]:
            around = _child(around, part)
        if isinstance(around, dict):
            around.pop(key[-1], None)
    if not isinstance(rest.get("office"), dict):
        rest["office"] = {}
    rest["office"] = {**_STAND_IN, **rest["office"]}
    return rest  # type: ignore[no-any-return]


def _without_tables(
    data: Mapping[str, Any], source: Source, keys: list[Key]
) -> tuple[Mapping[str, Any], Source]:
    """Leave out each list element, block or scheme that a key lies in."""
    rest = _copy(data)
    for table in sorted({_table_of(key) for key in keys}, key=_order, reverse=True):
        around: Any = rest
        for part in table[:-1]:
            around = _child(around, part)
        if isinstance(around, list):
            del around[int(table[-1])]
            source = replace(source, lines=_shifted(source.lines, table))
        elif isinstance(around, dict):
            around.pop(table[-1], None)
    return rest, source


def _order(key: Key) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in key]


def _table_of(key: Key) -> Key:
    if key[:1] == ("schemes",):
        return key[:4] if len(key) >= 4 and key[2] == "blocks" else key[:2]
    return key[:2]


def _shifted(lines: Mapping[Key, int], gone: Key) -> dict[Key, int]:
    """Line numbers once a list element is gone: those behind it move up by one."""
    depth, place = len(gone) - 1, int(gone[-1])
    moved: dict[Key, int] = {}
    for key, line in lines.items():
        if key[:depth] == gone[:-1] and len(key) > depth and isinstance(key[depth], int):
            index = int(key[depth])
            if index == place:
                continue
            key = (*key[:depth], index - (index > place), *key[depth + 1 :])
        moved[key] = line
    return moved
