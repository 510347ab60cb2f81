# SPDX-License-Identifier: GPL-2.0-or-later
"""Feature codes, and how a +number is dialled in each country. Pure."""

from __future__ import annotations

import msgspec

from firmware.routing.steps import Feature

FEATURE_CODES: dict[str, Feature] = {
    "*8": Feature.PICKUP,  # alone: any phone ringing in the own pickup group
    "*97": Feature.MAILBOX,  # the own mailbox
    "*98": Feature.MAILBOX,  # with an extension: the mailbox of that person, by his PIN
    "*72": Feature.FORWARD_ALWAYS,  # with a number: on
    "*73": Feature.FORWARD_ALWAYS,  # off
    "*90": Feature.FORWARD_BUSY,
    "*91": Feature.FORWARD_BUSY,
    "*92": Feature.FORWARD_NO_ANSWER,
    "*93": Feature.FORWARD_NO_ANSWER,
    "*45": Feature.AGENT_ON,
    "*46": Feature.AGENT_OFF,
}
TAKES_EXTENSION = ("*8", "*98")
TAKES_NUMBER = ("*72", "*90", "*92")

WORLD: dict[str, tuple[str, str, str]] = {
    "RU": ("7", "8", "810"),
    "UA": ("380", "0", "00"),
    "PL": ("48", "", "00"),
    "DE": ("49", "0", "00"),
    "UK": ("44", "0", "00"),
    "US": ("1", "1", "011"),
}
"""Country code, national prefix, international prefix (ITU-T E.164 and operational bulletins)."""


class Abroad(msgspec.Struct, frozen=True):
    """How a +number is dialled in this country."""

    country_code: str
    national: str
    international: str

    def dialled(self, number: str) -> str:
        """The number +380441234567 as the exchange wants it; other numbers unchanged."""
        if not number.startswith("+"):
            return number
        digits = number[1:]
        if digits.startswith(self.country_code):
            return self.national + digits[len(self.country_code) :]
        return self.international + digits
