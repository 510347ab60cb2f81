# SPDX-License-Identifier: GPL-2.0-or-later
"""Every key and element of any TOML text has a line, and stands on it."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmware.config.positions import key_lines
from firmware.config.problems import Key


def places(value: Any, key: Key = ()) -> set[Key]:
    """Every key and element of parsed TOML."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    found = {key} if key else set()
    return found.union(*(places(child, (*key, name)) for name, child in items))


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


BARE = st.text("abcXYZ019_-", min_size=1, max_size=5)
SCALAR = st.one_of(
    st.integers().map(str),
    st.booleans().map(lambda b: str(b).lower()),
    st.text('a]}#=",\\ é', max_size=6).map(quoted),
    st.text('a]}#="x, ', max_size=6).map(lambda t: f"'{t}'"),
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: "[\n" + " ,\n".join(v) + "# ]\n]"),
        st.dictionaries(BARE, inner, max_size=3).map(
            lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(BARE, st.dictionaries(BARE, VALUE, max_size=3)), max_size=4))
def test_each_value_of_any_text_has_a_line_where_it_stands(
    tables: list[tuple[str, dict[str, str]]],
) -> None:
    text = "".join(
        f"[[{name}]]\n" + "".join(f"{key} = {value}\n" for key, value in body.items())
        for name, body in tables
    )
    lines = key_lines(text)
    assert set(lines) == places(tomllib.loads(text))
    written = text.split("\n")
    for key, line in lines.items():
        if isinstance(key[-1], str):
            assert key[-1] in written[line - 1]
