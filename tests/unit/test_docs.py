# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documents name exists: functions, files, links, and the tables made from the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs.tools.lines import MARKS, filled

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
NAMED = re.compile(r"`([\w./-]+\.(?:py|c)):([\w.]+)`")
MENTIONED = re.compile(
    r"`((?:firmware|drivers|native|tui|board|bench|tests|docs)/[\w./-]+\.(?:py|c|h|md|toml|sh|sql))`"
)
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")


def names_of_python(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Qualified names of functions, classes and their members."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from names_of_python(node.body, f"{prefix}{node.name}.")


@cache
def names_in(path: Path) -> frozenset[str]:
    """Everything a document may name in a source file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return frozenset(names_of_python(ast.parse(text).body))
    return frozenset(re.findall(r"^[a-z][\w\s*]*?\b\*?(\w+)\([^;]*?\)\s*\{", text, re.MULTILINE))


def named() -> list[tuple[str, str, str]]:
    """(page, file, function) of every name in the documents."""
    found = []
    for page in PAGES:
        for path, function in NAMED.findall(page.read_text(encoding="utf-8")):
            found.append((page.name, path, function))
    return found


@pytest.mark.parametrize(("page", "path", "function"), named())
def test_a_named_function_exists(page: str, path: str, function: str) -> None:
    assert (ROOT / path).is_file(), f"{page} names {path}, which does not exist"
    assert function in names_in(ROOT / path), f"{page} names {function}, which is not in {path}"


def test_the_walk_through_names_many_functions() -> None:
    assert sum(page == "one-call.md" for page, _, _ in named()) > 80


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mentioned_files_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in MENTIONED.findall(text):
        made = path.startswith("docs/") or (ROOT / path).exists()
        assert made, f"{page.name} mentions {path}, which does not exist"
    for target, _ in LINK.findall(text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_line_tables_are_those_of_the_code() -> None:
    """docs/tools/lines.py writes them; run it after a change of the line machines."""
    page = (ROOT / "docs" / "lines.md").read_text(encoding="utf-8")
    assert all(mark in page for mark in MARKS)
    assert filled(page) == page, "docs/lines.md is old: run python -m docs.tools.lines"
