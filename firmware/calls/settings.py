# SPDX-License-Identifier: GPL-2.0-or-later
"""What feature codes change: forwards and sign-off. Kept over a restart by SaveSetting. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from firmware.effects import SaveSetting

if TYPE_CHECKING:
    from firmware.calls.context import Context

OFF = "off"


class Settings:
    """Own choices of people; they win over the office file."""

    def __init__(self, ctx: Context, saved: Mapping[str, str]) -> None:
        self._ctx = ctx
        self._values = dict(saved)

    def signed_off(self) -> set[str]:
        """Who has signed off from the queues."""
        keys = (key for key, value in self._values.items() if value == OFF)
        return {key.removeprefix("agent/") for key in keys if key.startswith("agent/")}

    def forward(self, kind: str, extension: str) -> str:
        """Target of a forward ("always", "busy", "no-answer"), "" for none."""
        own = self._values.get(f"forward-{kind}/{extension}")
        if own is not None:
            return "" if own == OFF else own
        person = self._ctx.table.person(extension)
        return "" if person is None else _configured(kind, person)

    def set_forward(self, kind: str, extension: str, target: str) -> None:
        """Forward to a target; "" switches the forward off, also one of the office file."""
        self._save(f"forward-{kind}/{extension}", target or OFF)

    def sign(self, extension: str, on: bool) -> None:
        """Sign an agent on to or off from all his queues."""
        if on:
            self._ctx.agents.signed_off.discard(extension)
        else:
            self._ctx.agents.signed_off.add(extension)
        self._save(f"agent/{extension}", "" if on else OFF)

    def _save(self, key: str, value: str) -> None:
        if value:
            self._values[key] = value
        else:
            self._values.pop(key, None)
        self._ctx.emit(SaveSetting(key, value))


def _configured(kind: str, person: object) -> str:
    target: str = getattr(person, "forward_" + kind.replace("-", "_"))
    return target
