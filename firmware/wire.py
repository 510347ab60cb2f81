# SPDX-License-Identifier: GPL-2.0-or-later
"""Dataclasses as lines of JSON: one codec for the media socket, the control API and traces.

A line is ``{"type": "HookChanged", "line": "FXS1", "off_hook": true}`` and ends with a newline.
Enums travel as their values, tuples as arrays, bytes as base64; every value is checked against
the field's annotation on the way in. A field that the receiver does not know is ignored and one
that it has a default for may be absent, so that two versions can talk during an upgrade. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import msgspec

from firmware.errors import LocalError, PeerError

MAX_LINE_BYTES = 8 * 1024 * 1024  # MediaUp with the tags of a hundred talks is far below

_KIND = "type"  # the field that names the class
_SHOWN_CHARACTERS = 80  # of a bad line in an error

Registry = Mapping[str, type[Any]]
"""Class name to class: what a line may hold."""


def registry(*kinds: object) -> Registry:
    """Name the dataclasses among ``kinds``; a union counts as its members."""
    members: list[Any] = []
    for kind in kinds:
        members.extend(get_args(kind) or (kind,))
    for member in members:
        _check_class(member)
    return {member.__name__: member for member in members}


def _check_class(member: Any) -> None:
    if not (isinstance(member, type) and is_dataclass(member)):
        raise LocalError(f"{member!r} is not a dataclass and cannot be sent as a line.")
    if any(item.name == _KIND for item in fields(member)):
        raise LocalError(f"{member.__name__} has a field called '{_KIND}', which names the class.")


def to_plain(message: object) -> dict[str, Any]:
    """The dataclass as JSON-ready values, with its name under ``type``."""
    try:
        plain = msgspec.to_builtins(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LocalError(f"{type(message).__name__} cannot be written as JSON: {error}.") from error
    if not is_dataclass(message):
        raise LocalError(f"{type(message).__name__} is not a dataclass.")
    return {_KIND: type(message).__name__, **plain}


def encode(message: object) -> bytes:
    """One line with its newline. LocalError when a value has no JSON form."""
    plain = to_plain(message)
    try:
        return msgspec.json.encode(plain) + b"\n"
    except (TypeError, ValueError, OverflowError) as error:
        raise LocalError(f"{type(message).__name__} cannot be written as JSON: {error}.") from error


def from_plain(plain: object, known: Registry) -> Any:
    """Inverse of to_plain. PeerError when the class or a value is not what it should be."""
    if not isinstance(plain, dict):
        raise PeerError("A message must be a JSON object; check the versions of both programs.")
    kind = plain.get(_KIND)
    target = known.get(kind) if isinstance(kind, str) else None
    if target is None:
        raise PeerError(
            f"Message type {_shown(kind)} is unknown; check the versions of both programs."
        )
    try:
        return msgspec.convert(plain, target)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise PeerError(f"Message {kind} is malformed: {error}.") from error


def decode(line: bytes, known: Registry) -> Any:
    """The object of one line. PeerError with a sentence when there is none."""
    if len(line) > MAX_LINE_BYTES:
        raise PeerError(f"A line of {len(line)} bytes is longer than {MAX_LINE_BYTES}.")
    try:
        plain = msgspec.json.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise PeerError(f"Not a line of JSON ({error}): {_shown(line)}.") from error
    return from_plain(plain, known)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."


class Lines:
    """Cuts a byte stream into objects, however the stream was split.

    Memory is bounded: of a line longer than ``max_bytes`` only the fact that it was there is kept.
    """

    def __init__(self, known: Registry, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._known = known
        self._max_bytes = max_bytes
        self._pending = bytearray()
        self._dropping = False  # inside a line that is too long

    def feed(self, data: bytes) -> list[Any]:
        """Objects of the lines completed by ``data``; a PeerError stands in for each bad line."""
        *complete, rest = data.split(b"\n")
        found = [item for part in complete for item in self._end_line(part)]
        self._grow(rest)
        return found

    def _grow(self, part: bytes) -> None:
        if len(self._pending) + len(part) > self._max_bytes:
            self._dropping = True
        if self._dropping:
            self._pending.clear()
        else:
            self._pending += part

    def _end_line(self, part: bytes) -> Iterable[Any]:
        self._grow(part)
        line, dropped = bytes(self._pending), self._dropping
        self._pending.clear()
        self._dropping = False
        if dropped:
            return [PeerError(f"A line was longer than {self._max_bytes} bytes and was dropped.")]
        if not line.strip():
            return []
        try:
            return [decode(line, self._known)]
        except PeerError as error:
            return [error]
