# SPDX-License-Identifier: GPL-2.0-or-later
"""Line numbers of everything in a TOML text, for error messages. `tomllib` gives none.

The text must be valid TOML 1.0 (parse it with `tomllib` first): this scanner follows the syntax
and checks nothing. No I/O.
"""

from __future__ import annotations

import re
import tomllib

from firmware.config.problems import Key

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\r\n#]+")


def key_lines(text: str) -> dict[Key, int]:
    """Line (from 1) of every table, key and array element of a valid TOML text."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Key, int] = {}
        self._counts: dict[Key, int] = {}  # elements so far of each array of tables

    def scan(self) -> dict[Key, int]:
        table: Key = ()
        while self._skip(_SPACE) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _note(self, key: Key) -> None:
        self._lines.setdefault(key, self._text.count("\n", 0, self._at) + 1)

    def _header(self) -> Key:
        """`[a.b]` or `[[a.b]]`; a name of an array of tables means its latest element."""
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        start = self._at
        names = self._dotted()
        end, self._at = self._at, start
        table = self._resolved(names if not is_array else names[:-1])
        if is_array:
            array = (*table, names[-1])
            self._note(array)
            self._counts[array] = self._counts.get(array, -1) + 1
            table = (*array, self._counts[array])
        self._note(table)
        self._at = end + (2 if is_array else 1)
        return table

    def _resolved(self, names: tuple[str, ...]) -> Key:
        key: Key = ()
        for name in names:
            key = (*key, name)
            if key in self._counts:
                key = (*key, self._counts[key])
        return key

    def _dotted(self) -> tuple[str, ...]:
        """A key such as `a."b c".d`; leaves the position behind it."""
        names = []
        while True:
            start = self._skip(_BLANK)
            quoted = self._text[start] in "\"'"
            self._skip(_STRING if quoted else _BARE)
            written = self._text[start : self._at]
            names.append(tomllib.loads(f"k = {written}")["k"] if quoted else written)
            if self._text[self._skip(_BLANK)] != ".":
                return tuple(names)
            self._at += 1

    def _pair(self, table: Key) -> None:
        start = self._at
        names = self._dotted()
        end, self._at = self._at, start
        for depth in range(1, len(names) + 1):
            self._note((*table, *names[:depth]))
        self._at = end + 1  # behind the equals sign
        self._value((*table, *names))

    def _value(self, key: Key) -> None:
        self._skip(_BLANK)
        match self._text[self._at]:
            case "[":
                self._array(key)
            case "{":
                self._inline(key)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)

    def _array(self, key: Key) -> None:
        self._at += 1
        index = 0
        while self._text[self._skip(_SPACE)] != "]":
            if self._text[self._at] == ",":
                self._at += 1
            else:
                self._note((*key, index))
                self._value((*key, index))
                index += 1
        self._at += 1

    def _inline(self, key: Key) -> None:
        self._at += 1
        while self._text[self._skip(_SPACE)] != "}":
            if self._text[self._at] == ",":
                self._at += 1
            else:
                self._pair(key)
        self._at += 1
