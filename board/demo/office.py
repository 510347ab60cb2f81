# SPDX-License-Identifier: GPL-2.0-or-later
"""An example office as the demo runs it: its own lines and people, this machine's devices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EMERGENCY = {"UK": '["112", "999"]', "US": '["911"]'}  # elsewhere just 112
OFFICES = Path(__file__).resolve().parents[1] / "sim/offices"


@dataclass(frozen=True, slots=True)
class Devices:
    """What stands in for the office's devices."""

    card: str  # serial device of the card
    audio: str  # ALSA device of its sound
    sip: str  # host:port to listen on
    trunk_host: str
    trunk_port: int


def in_country(code: str) -> dict[str, str]:
    """Changes that put an example office into another country."""
    emergency = EMERGENCY.get(code, '["112"]')
    return {
        r'^country = ".*"$': f'country = "{code}"',
        r"^emergency = .*$": f"emergency = {emergency}",
    }


def staged(name: str, devices: Devices, more: Mapping[str, str]) -> str:
    """Text of the example office ``name`` with these devices in place of the real ones.

    ``more``: other lines to change, as a pattern that one line fits and what takes its place.
    """
    text = (OFFICES / f"{name}.toml").read_text(encoding="utf-8")
    changes = {
        r'^device = ".*"$': f'device = "{devices.card}"',
        r'^audio = ".*"$': f'audio = "{devices.audio}"',
        # Debian's baresip 1 gives up when it is offered SHA-256 beside MD5
        r'^listen = ".*"$': f'listen = "{devices.sip}"\ndigests = ["MD5"]',
        r'^host = ".*"$': f'host = "{devices.trunk_host}"',
        r"^port = \d+$": f"port = {devices.trunk_port}",
        **more,
    }
    for pattern, line in changes.items():
        text, count = re.subn(pattern, line, text, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{name}.toml has {count} lines like {pattern}, not one")
    return text
