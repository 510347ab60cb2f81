# SPDX-License-Identifier: GPL-2.0-or-later
"""Values as a terminal may show them: for the command line and the console. Pure."""

from __future__ import annotations

import unicodedata

MAX_TEXT = 200  # characters of one value; nothing that is shown needs more


def printable(text: str) -> str:
    """What a caller sent, without what a terminal would obey.

    Control characters (an escape sequence in a SIP display name), marks and characters two
    columns wide become ``?``, so that a row stays one row of columns.
    """
    return "".join(map(_printable, text[:MAX_TEXT]))


def _printable(character: str) -> str:
    wide = unicodedata.east_asian_width(character) in ("W", "F")
    plain = character.isprintable() and not wide and not unicodedata.combining(character)
    return character if plain else "?"


def clock(seconds: float) -> str:
    """Minutes and seconds; hours from one hour on, so that six columns are enough."""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60:02}:{whole % 60:02}"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"
