# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading an office file: TOML, schema, names; every error at once, each with file and line.

Blocks for the files it reads; nothing is applied. Driven by the exchange at start, the command
line and the console.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from firmware.config.check import broken_names
from firmware.config.names import declared_names
from firmware.config.parse import parse
from firmware.config.positions import key_lines
from firmware.config.problems import OfficeRefused, Problem, Source
from firmware.config.schema import Office
from firmware.errors import ConfigError
from firmware.media.prompts import COMMON, check_recording, known_keys

_TOML_PLACE = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file gave: an office when its shape holds, and everything wrong with it."""

    office: Office | None
    problems: tuple[Problem, ...]


def load_office(path: Path, read_on: date | None = None) -> Office:
    """The office in a TOML file.

    `read_on` is the day from which the compiler proves 400 days (None: today). Raises
    OfficeRefused (a ConfigError) that lists every error as ``file:line: what is wrong``.
    """
    reading = read_office(path, read_on)
    if reading.office is None or reading.problems:
        raise OfficeRefused(reading.problems)
    return reading.office


def read_office(path: Path, read_on: date | None = None) -> Reading:
    """Like load_office, but hands back what could be read together with the problems."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        return _unreadable(path, 0, f"The file cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        return _unreadable(path, 0, f"The file is not UTF-8 text: {error.reason}.")
    except tomllib.TOMLDecodeError as error:
        return _unreadable(path, *_toml_error(text, str(error)))
    folder = str(path.resolve().parent)
    source = Source(str(path), key_lines(text), read_on or date.today(), folder)
    office, problems = parse(data, source)
    declared = declared_names(data)
    if office is not None:
        prompts, bad = office_prompts(office)
        problems += broken_names(office, declared, prompts) + bad
    return Reading(office, tuple(problems))


def office_prompts(office: Office) -> tuple[frozenset[str], list[Problem]]:
    """Every prompt an office may name, and its own recordings that cannot be played."""
    keys, problems = set(known_keys()), []
    for folder in _recording_folders(office):
        for recording in sorted(folder.glob("*.wav")):
            keys.add(recording.stem)
            try:
                check_recording(recording)
            except ConfigError as error:
                problems.append(office.source.problem(("office", "recordings"), str(error)))
    return frozenset(keys), problems


def _recording_folders(office: Office) -> tuple[Path, ...]:
    if not office.office.recordings:
        return ()
    root = Path(office.source.folder) / office.office.recordings
    return root / office.office.language, root / COMMON


def _unreadable(path: Path, line: int, text: str) -> Reading:
    return Reading(None, (Problem(str(path), line, text),))


def _toml_error(text: str, message: str) -> tuple[int, str]:
    place = _TOML_PLACE.search(message)
    last = text.count("\n") + 1
    line = int(place[1] or last) if place else last
    return line, f"The file is not valid TOML: {_TOML_PLACE.sub('', message)}."
