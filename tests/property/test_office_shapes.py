# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever stands in an office file, it is accepted or refused with sentences; nothing breaks."""

from __future__ import annotations

import copy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.config.check import broken_names
from firmware.config.names import declared_names
from firmware.config.parse import parse
from firmware.config.positions import key_lines
from firmware.config.problems import Key, OfficeRefused, Source
from firmware.media.prompts import known_keys
from firmware.routing.compile import compile_office

OFFICES = Path(__file__).parents[2] / "board" / "sim" / "offices"
TEXT = (OFFICES / "r2.toml").read_text(encoding="utf-8")
DATA = tomllib.loads(TEXT)
SOURCE = Source("office.toml", key_lines(TEXT), date(2026, 1, 1))
KEYS = sorted(SOURCE.lines, key=str)

values = st.one_of(
    st.none().map(lambda _: date(2026, 1, 5)),
    st.booleans(),
    st.integers(-5, 2000),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["101", "main", "hours", "FXO1", "itsp", "9", "112", "dial", "00:00-24:00"]),
    st.lists(st.sampled_from(["101", "102", "FXS1", 5]), max_size=3),
    st.dictionaries(st.sampled_from(["name", "kind", "1", "x"]), st.just("dial"), max_size=2),
)


def around(data: Any, key: Key) -> Any:
    """The table or list that holds a key, None when an earlier change took it away."""
    for part in key[:-1]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def change(data: Any, key: Key, value: Any, delete: bool) -> None:
    holder = around(data, key)
    if isinstance(holder, dict) or (isinstance(holder, list) and len(holder) > int(key[-1])):
        if delete and isinstance(holder, dict):
            holder.pop(key[-1], None)
        else:
            holder[key[-1]] = value


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KEYS), values, st.booleans()), min_size=1, max_size=4))
def test_any_change_gives_an_office_or_sentences(changes: list[tuple[Key, Any, bool]]) -> None:
    data = copy.deepcopy(DATA)
    for key, value, delete in changes:
        change(data, key, value, delete)
    office, problems = parse(data, SOURCE)
    if office is not None:
        problems += broken_names(office, declared_names(data), known_keys())
    assert office is not None or problems
    for problem in problems:
        assert problem.text.endswith((".", "?")) and problem.line >= 0
    if office is not None and not problems:
        try:
            assert compile_office(office).hash
        except OfficeRefused as refused:
            assert refused.problems
