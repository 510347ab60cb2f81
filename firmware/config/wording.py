# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema's errors as sentences for the person who wrote the file. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from firmware.config import schema
from firmware.config.problems import Key, nearest

_PATTERNS: list[tuple[Any, str]] = [
    (schema.Name, "a name: a letter, then letters, digits, - or _ (at most 40)"),
    (schema.Extension, "2 to 6 digits in quotes"),
    (schema.Digits, "1 to 20 digits in quotes"),
    (schema.Prefix, "1 to 6 digits in quotes"),
    (schema.OutsideNumber, "2 to 20 digits in quotes, with or without a leading +"),
    (schema.Pin, "4 to 8 digits in quotes"),
    (schema.Hours, 'a span such as "09:00-18:00"'),
    (schema.Day, 'a date such as "2026-12-31"'),
    (schema.Days, 'a date such as "2026-12-31" or two joined by ".."'),
    (schema.MenuKey, "one key: 0 to 9, * or #"),
    (schema.Prompt, "the name of a prompt: letters, digits, - or _"),
]
_SHAPES = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in brackets",
    "dict_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "model_attributes_type": "a table of keys and values",
}
_LIMITS = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
    "too_short": "a list of at least {min_length}",
    "string_too_short": "at least {min_length} letter long",
    "string_too_long": "at most {max_length} letters long",
}
_LINES: dict[str, type[BaseModel]] = {"fxs": schema.FxsLine, "fxo": schema.FxoLine}
_TRUNKS: dict[str, type[BaseModel]] = {"group": schema.GroupTrunk, "sip": schema.SipTrunk}
_LISTS: dict[str, type[BaseModel]] = {
    "cards": schema.Card,
    "people": schema.Person,
    "queues": schema.Queue,
    "schedules": schema.Schedule,
    "outside": schema.Outside,
}


def sentence(key: Key, error: ErrorDetails, data: Mapping[str, Any]) -> str:
    """What is wrong at `key` of the file's `data`, with the nearest valid word if one is near."""
    context = error.get("ctx", {})
    name = key[-1] if key else "the file"
    match error["type"]:
        case "extra_forbidden":
            return f'unknown key "{name}"{_instead(str(name), _valid_keys(key[:-1], data))}'
        case "missing":
            return f'the key "{name}" is missing{_describe(key, data)}.'
        case "union_tag_not_found":
            return f'the key "kind" is missing: one of {_quoted(_kinds(key))}.'
        case "union_tag_invalid":
            return _no_choice("kind", context["tag"], context["expected_tags"])
        case "literal_error":
            label = "the key" if error["loc"][-1] == "[key]" else _label(key)
            return _no_choice(label, error["input"], context["expected"])
    label = "the key " if error["loc"][-1:] == ("[key]",) else f"{_label(key)} = "
    return f"{label}{_shown(error['input'])} must be {_demand(error)}."


def _demand(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return next(text for shape, text in _HUMAN.items() if shape == context["pattern"])
    if error["type"] in _LIMITS:
        return _LIMITS[error["type"]].format(**context)
    return _SHAPES.get(error["type"], error["msg"])


def _pattern_of(kind: Any) -> str:
    return next(str(part.pattern) for part in get_args(kind) if getattr(part, "pattern", None))


_HUMAN = {_pattern_of(kind): text for kind, text in _PATTERNS}


def _no_choice(label: str, given: object, expected: str) -> str:
    words = re.findall(r"'([^']+)'", expected)
    hint = nearest(str(given), words)
    equals = " " if label == "the key" else " = "
    return f"{label}{equals}{_shown(given)} must be one of {_words(expected)}{hint}"


def _words(expected: str) -> str:
    return _quoted(re.findall(r"'([^']+)'", expected))


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _instead(word: str, words: list[str]) -> str:
    """The nearest word, or all there are."""
    hint = nearest(word, words)
    return hint if hint != "." or not words else f"; the keys here are {_quoted(words)}."


def _kinds(key: Key) -> Iterable[str]:
    """Kinds that the table at `key` may have."""
    return {"lines": _LINES, "trunks": _TRUNKS}.get(str(key[0]), _BLOCKS)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "{...}" if isinstance(value, dict) else "[...]"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text if len(text) <= 40 else text[:37] + "..."
    return f'"{text}"' if isinstance(value, str) else text


def _label(key: Key) -> str:
    """The innermost name: of an element, that of its list."""
    return next((str(part) for part in reversed(key) if isinstance(part, str)), "the file")


def _describe(key: Key, data: Mapping[str, Any]) -> str:
    model = model_at(key[:-1], data)
    for name, field in model.model_fields.items() if model else ():
        if key[-1] in (name, field.alias) and field.description:
            return f" ({field.description})"
    return ""


def _valid_keys(key: Key, data: Mapping[str, Any]) -> list[str]:
    model = model_at(key, data)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def model_at(key: Key, data: Mapping[str, Any]) -> type[BaseModel] | None:
    """The schema of the table at `key`; None where it cannot be told."""
    match key:
        case ():
            return schema.Office
        case ("office",):
            return schema.General
        case ("sip",):
            return schema.Sip
        case ("lines", _):
            return _LINES.get(_kind(key, data))
        case ("trunks", _):
            return _TRUNKS.get(_kind(key, data))
        case ("schemes", _):
            return schema.Scheme
        case ("schemes", _, "blocks", _):
            return _BLOCKS.get(_kind(key, data))
        case (str(table), int()):
            return _LISTS.get(table)
    return None


def _kind(key: Key, data: Any) -> str:
    for part in key:
        data = data[part]
    return str(data.get("kind"))


_BLOCKS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in get_args(get_args(schema.Block)[0])
}
