# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/office.md names every key, block kind and feature code, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from firmware.config import schema
from firmware.media.prompts import known_keys
from firmware.routing import blocks
from firmware.routing.codes import FEATURE_CODES

PAGE = (Path(__file__).parents[3] / "docs" / "office.md").read_text(encoding="utf-8")
BLOCKS: tuple[type[BaseModel], ...] = get_args(get_args(schema.Block)[0])
TABLES: tuple[type[BaseModel], ...] = (
    schema.General,
    schema.Sip,
    schema.Card,
    schema.FxsLine,
    schema.FxoLine,
    schema.GroupTrunk,
    schema.SipTrunk,
    schema.Person,
    schema.Queue,
    schema.Schedule,
    schema.Outside,
    schema.Scheme,
)


@pytest.mark.parametrize("model", (*TABLES, *BLOCKS), ids=lambda model: model.__name__)
def test_every_key_is_on_the_page(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        key = field.alias or name
        assert re.search(rf"`[^`]*\b{key}\b[^`]*`|^{key} = ", PAGE, re.MULTILINE), key


def test_every_feature_code_is_on_the_page() -> None:
    codes = PAGE.split("## Feature codes")[1].split("## Schemes")[0]
    assert set(re.findall(r"`(\*\d+)`", codes)) == set(FEATURE_CODES)


@pytest.mark.parametrize("model", BLOCKS, ids=lambda model: model.__name__)
def test_defaults_of_blocks_are_as_told(model: type[BaseModel]) -> None:
    kind = get_args(model.model_fields["kind"].annotation)[0]
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |"))
    for name in ("prompt", "invalid", "timeout_s", "inter_digit_s", "tries", "max_s"):
        default = model.model_fields[name].default if name in model.model_fields else None
        if isinstance(default, tuple):
            default = default[0] if default else None
        if isinstance(default, str):
            assert f"`{name}` (`{default}`)" in row and default in known_keys()
        elif isinstance(default, int | float):
            assert f"`{name}` ({default:g})" in row


def test_words_that_the_compiler_adds_exist() -> None:
    words = (
        *blocks.NO_ANSWER,
        *blocks.BUSY,
        *blocks.LEAVE_MESSAGE,
        *blocks.THANKS,
        *blocks.MAILBOX_FULL,
        "not_permitted",
        "number_unavailable",
    )
    assert set(words) <= known_keys()
