# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with an office file, and where: file, line, sentence. No I/O."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from firmware.errors import ConfigError

Key = tuple[str | int, ...]
"""Way to a value in the file: ("lines", 0, "name"), ("schemes", "main", "start")."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend."""

    file: str
    line: int  # from 1; 0 when it belongs to no line
    text: str  # a sentence for the installer

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class OfficeRefused(ConfigError):
    """The office is not accepted; every problem is in the message, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.text)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Source:
    """The text an office was read from."""

    file: str = "office.toml"
    lines: Mapping[Key, int] = field(default_factory=dict)
    read_on: date = date(2026, 1, 1)  # the proof covers 400 days from here
    folder: str = ""  # absolute; what the office names relative to its file is found here

    def line(self, key: Key) -> int:
        """Line of a key, or of the nearest table around it; 0 when nothing is known."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 0)

    def problem(self, key: Key, text: str) -> Problem:
        """A problem at a key of this file."""
        return Problem(self.file, self.line(key), text)


def nearest(word: str, words: Iterable[str]) -> str:
    """'; did you mean "..."?' with the likeliest of the words, else a full stop."""
    near = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else "."
