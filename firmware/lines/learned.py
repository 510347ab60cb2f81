# SPDX-License-Identifier: GPL-2.0-or-later
"""Busy tones that an exchange line taught us, and how they are kept.

A tone is learned from :class:`~firmware.events.CadenceMeasured` and kept in the store under
``learned-tone/<line>`` as JSON, never in the office file. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from firmware.events import CadenceMeasured
from firmware.values import LineId, ToneName, ToneTemplate

PREFIX = "learned-tone/"
MOST_TONES = 4  # on one line; the oldest goes. A leg takes 16 templates, a country needs up to 4
TOLERANCE = 0.10  # of each length; measured to a few milliseconds, exchanges hold E.180's 10 %
LEAST_SPREAD_MS = 20
SAME_HZ = 10.0  # the detector of known tones bears 20 Hz
CYCLES = 2  # as for a country's own busy tone
RANGE_HZ = (195.0, 660.0)  # what the engine measures
RANGE_MS = (70, 1_010)


@dataclass(frozen=True, slots=True)
class LearnedTone:
    """One busy tone as it was measured."""

    frequencies_hz: tuple[float, ...]
    on_ms: int
    off_ms: int

    def template(self) -> ToneTemplate:
        """What the detector must hear to take it for this tone."""
        return ToneTemplate(
            ToneName.BUSY, self.frequencies_hz, _around(self.on_ms), _around(self.off_ms), CYCLES
        )

    def fits(self, template: ToneTemplate) -> bool:
        """Whether it is the tone of this template."""
        same_hz = len(self.frequencies_hz) == len(template.frequencies_hz) and all(
            abs(one - other) <= SAME_HZ
            for one, other in zip(
                sorted(self.frequencies_hz), sorted(template.frequencies_hz), strict=True
            )
        )
        return (
            same_hz
            and _within(self.on_ms, template.on_ms)
            and _within(self.off_ms, template.off_ms)
        )


def measured(fact: CadenceMeasured) -> LearnedTone:
    """The tone of a measurement."""
    return LearnedTone(fact.frequencies_hz, fact.on_ms, fact.off_ms)


def setting_key(line: LineId) -> str:
    """Where the line's tones are kept."""
    return PREFIX + line


def to_json(tones: Iterable[LearnedTone]) -> str:
    """The value to keep."""
    return json.dumps([asdict(tone) for tone in tones])


def from_settings(settings: Mapping[str, str], line: LineId) -> tuple[LearnedTone, ...]:
    """The line's tones, oldest first; what is damaged is left out and learned again."""
    try:
        values = json.loads(settings.get(setting_key(line), "[]"))
    except ValueError:
        return ()
    tones = [_tone(value) for value in values] if isinstance(values, list) else []
    return tuple(tone for tone in tones if tone is not None)[-MOST_TONES:]


def _tone(value: Any) -> LearnedTone | None:
    try:
        frequencies = tuple(float(hz) for hz in value["frequencies_hz"])
        tone = LearnedTone(frequencies, int(value["on_ms"]), int(value["off_ms"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    lowest_hz, highest_hz = RANGE_HZ
    right_hz = all(lowest_hz <= hz <= highest_hz for hz in frequencies)
    right_ms = _within(tone.on_ms, RANGE_MS) and _within(tone.off_ms, RANGE_MS)
    return tone if len(frequencies) in (1, 2) and right_hz and right_ms else None


def _within(value: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= value <= limits[1]


def _around(milliseconds: int) -> tuple[int, int]:
    spread = max(round(milliseconds * TOLERANCE), LEAST_SPREAD_MS)
    return milliseconds - spread, milliseconds + spread
