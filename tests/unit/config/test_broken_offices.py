# SPDX-License-Identifier: GPL-2.0-or-later
"""One broken office for each rule; each says in its first lines what must be said about it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from firmware.config.load import load_office
from firmware.errors import ConfigError
from firmware.routing.check import check_office
from firmware.routing.compile import compile_office

FOLDER = Path(__file__).parents[2] / "data" / "broken"
BROKEN = sorted(FOLDER.glob("*.toml"))
READ_ON = date(2026, 1, 5)


def expected(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [f"{path}:{rest}" for rest in re.findall(r"^# expect: (.*)$", text, re.MULTILINE)]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_is_refused_with_the_right_sentence(path: Path) -> None:
    problems, summary = check_office(path, READ_ON)
    assert [str(problem) for problem in problems] == expected(path)
    assert expected(path) and summary is None


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_no_table_comes_of_it(path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        compile_office(load_office(path, READ_ON))
    assert str(refused.value) == "\n".join(expected(path))


def test_there_are_at_least_fifty_rules() -> None:
    rules = {path.stem.split("-", 1)[1] for path in BROKEN}
    assert len(rules) == len(BROKEN) >= 50
