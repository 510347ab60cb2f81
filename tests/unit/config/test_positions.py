# SPDX-License-Identifier: GPL-2.0-or-later
"""Line numbers of everything in a TOML text."""

from __future__ import annotations

from firmware.config.positions import key_lines
from firmware.config.problems import Key

TEXT = '''# comment [not.a.table]
top = 1
"quoted key" = "a # b ] } \\" c"   # x = 1

[table] # trailing
a.b = [1, 2, # two = 2
  { x = "]", y = [3] },
]
multi = """
[fake]
fake = 1
"""
literal = \'\'\'
x = '] """
\'\'\'

[[list]]
name = 'one'
[list.sub]
deep = 2026-01-01T10:00:00Z
[[list]]
"name" = "two"
[[list.more]]
v = { }
[ spaced . "table.dot" ]
z = -1.5e3
'''


def test_every_way_to_write_a_key() -> None:
    lines = key_lines(TEXT)
    expected: dict[Key, int] = {
        ("top",): 2,
        ("quoted key",): 3,
        ("table",): 5,
        ("table", "a"): 6,
        ("table", "a", "b"): 6,
        ("table", "a", "b", 1): 6,
        ("table", "a", "b", 2): 7,
        ("table", "a", "b", 2, "y", 0): 7,
        ("table", "multi"): 9,
        ("table", "literal"): 13,
        ("list", 0, "name"): 18,
        ("list", 0, "sub", "deep"): 20,
        ("list", 1): 21,
        ("list", 1, "name"): 22,
        ("list", 1, "more", 0, "v"): 24,
        ("spaced", "table.dot", "z"): 26,
    }
    assert {key: lines.get(key) for key in expected} == expected


def test_the_empty_text_has_no_keys() -> None:
    assert key_lines("") == {} == key_lines("\n# only a comment")
