# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys carried in INFO bodies, as phones send them when told so (no RFC; Cisco's format). Pure."""

from __future__ import annotations

from firmware.values import DIGITS

_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


def info_digit(body: bytes) -> str:
    """The key in a ``dtmf-relay`` ("Signal=5") or ``dtmf`` ("5") body, "" when there is none."""
    for line in body.decode("utf-8", "replace").splitlines():
        name, mark, value = line.partition("=")
        if mark and name.strip().lower() != "signal":
            continue
        key = (value if mark else name).strip().upper()
        key = _NUMBERED.get(key, key)
        if len(key) == 1 and key in DIGITS:
            return key
    return ""
