# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the other end of the link. This file runs on the host and on the card (MicroPython).

The layout of the hello never changes: two ends of different versions must be able to say so.
"""

import struct
from collections import namedtuple

Identity = namedtuple("Identity", ("schema", "software", "revision", "serial"))
"""Hash of the message set, version of the software, revision and serial number of the card."""

SIZES = (12, 24, 16)
"""Longest software, revision and serial number, in bytes; what is longer is cut."""


def pack(identity: Identity) -> bytes:
    """The identity as bytes: at most 59, so that it fits a frame beside the session number."""
    data = struct.pack("<I", identity.schema)
    for text, size in zip(identity[1:], SIZES):  # noqa: B905  (MicroPython's zip has no strict)
        encoded = text.encode()[:size]
        data += bytes((len(encoded),)) + encoded
    return data


def unpack(data: bytes) -> Identity:
    """The identity in these bytes; ValueError when they hold none."""
    if len(data) < 4:
        raise ValueError("hello without a message set")
    (schema,) = struct.unpack("<I", data[:4])
    texts = []
    place = 4
    for _ in SIZES:
        if place >= len(data) or place + 1 + data[place] > len(data):
            raise ValueError("hello cut short")
        end = place + 1 + data[place]
        texts.append(_ascii(data[place + 1 : end]))
        place = end
    return Identity(schema, texts[0], texts[1], texts[2])


def _ascii(data: bytes) -> str:
    for byte in data:
        if not 0x20 <= byte < 0x7F:
            raise ValueError("hello that is not ASCII")
    return data.decode()


def mismatch(card: str, ours: Identity, theirs: Identity) -> str:
    """Why the host cannot work with this card, as a sentence with one action; "" if it can."""
    if theirs.revision != ours.revision:
        return (
            f"Card {card} is a {theirs.revision} (serial {theirs.serial}) but the office says "
            f"{ours.revision}: correct its revision in the office file."
        )
    if theirs.schema != ours.schema:
        return (
            f"Card {card} (serial {theirs.serial}) runs firmware {theirs.software} "
            f"[{theirs.schema:08x}] but this box is {ours.software} [{ours.schema:08x}]: "
            f"load the card firmware that came with this box."
        )
    return ""
