# SPDX-License-Identifier: GPL-2.0-or-later
"""Tones and cadences of the simulated exchanges, and DTMF as telephones send it.

This table is the simulator's own, written apart from the exchange's (firmware/lines), so that a
wrong figure on one side shows as a failing call. Sources: ITU-T E.180 Supplement 2 and the
national figures; frequencies in Hz, times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from board.sim.audio import RATE_HZ
from board.sim.levels import Floats, peak_at

EXCHANGE_TONE_DBM0 = -12.0  # all frequencies together; E.180 asks for -10 +-5 at the exchange
DTMF_LOW_DBM0 = -9.0  # a telephone at the end of a short line (Q.23, ETSI ES 201 235)
DTMF_HIGH_DBM0 = -7.0

ALERT_HZ = (2130.0, 2750.0)  # dual-tone alerting signal, ETSI EN 300 659-1
ALERT_DBM0 = -19.0

DTMF_ROWS_HZ = (697.0, 770.0, 852.0, 941.0)
DTMF_COLUMNS_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
DTMF_KEYS = "123A456B789C*0#D"


@dataclass(frozen=True, slots=True)
class Tone:
    """Frequencies sounding together, in a cadence of on, off, on, off ... ms; () is for ever."""

    frequencies_hz: tuple[float, ...]
    cadence_ms: tuple[int, ...] = ()
    level_dbm0: float = EXCHANGE_TONE_DBM0

    def render(self, first: int, count: int) -> Floats:
        """Samples ``first`` to ``first + count`` of the tone, float32 in units of int16."""
        index = np.arange(first, first + count)
        phase = 2 * np.pi / RATE_HZ * index
        amplitude = peak_at(self.level_dbm0) / len(self.frequencies_hz) ** 0.5
        total = np.zeros(count)
        for frequency in self.frequencies_hz:
            total += amplitude * np.sin(frequency * phase)
        if self.cadence_ms:
            total[~self._on(index)] = 0.0
        return total.astype(np.float32)

    def _on(self, index: np.ndarray) -> np.ndarray:
        edges = np.cumsum(self.cadence_ms) * (RATE_HZ // 1000)
        segment = np.searchsorted(edges, index % edges[-1], side="right")
        return np.asarray(segment % 2 == 0)


@dataclass(frozen=True, slots=True)
class Country:
    """What a network's exchange sends and does on an analog line."""

    code: str
    dial: Tone
    busy: Tone
    congestion: Tone
    ringback: Tone
    ringing_ms: tuple[int, ...]  # on, off, on, off ...; the last pause separates the rings
    caller_id: str  # "v23" or "bell202"
    caller_id_before_ring: bool = False  # after a line reversal and a dual-tone alert
    loop_drop_ms: int = 600  # no loop current after the far end has cleared


def _europe(code: str, busy_ms: int, congestion_ms: int) -> Country:
    tone = (425.0,)
    return Country(
        code,
        dial=Tone(tone),
        busy=Tone(tone, (busy_ms, busy_ms)),
        congestion=Tone(tone, (congestion_ms, congestion_ms)),
        ringback=Tone(tone, (1000, 4000)),
        ringing_ms=(1000, 4000),
        caller_id="v23",
    )


_UK = Country(
    "UK",
    dial=Tone((350.0, 440.0)),
    busy=Tone((400.0,), (375, 375)),
    congestion=Tone((400.0,), (400, 350, 225, 525)),
    ringback=Tone((400.0, 450.0), (400, 200, 400, 2000)),
    ringing_ms=(400, 200, 400, 2000),
    caller_id="v23",
    caller_id_before_ring=True,  # BT SIN 227
    loop_drop_ms=100,  # BT SIN 351: 90 ms at least
)
_US = Country(
    "US",
    dial=Tone((350.0, 440.0)),
    busy=Tone((480.0, 620.0), (500, 500)),
    congestion=Tone((480.0, 620.0), (250, 250)),
    ringback=Tone((440.0, 480.0), (2000, 4000)),
    ringing_ms=(2000, 4000),
    caller_id="bell202",
)
COUNTRIES: Mapping[str, Country] = {
    country.code: country
    for country in (
        _europe("RU", 400, 200),
        _europe("UA", 350, 175),
        _europe("PL", 500, 250),
        _europe("DE", 480, 240),
        _UK,
        _US,
    )
}


def dtmf(digits: str, on_ms: int = 80, off_ms: int = 80) -> Floats:
    """Keys as a telephone sends them, each followed by a pause; ValueError for other characters."""
    pieces = [np.zeros(0, np.float32)]
    pause = np.zeros(off_ms * RATE_HZ // 1000, np.float32)
    for digit in digits:
        key = DTMF_KEYS.find(digit.upper())
        if key < 0:
            raise ValueError(f"{digit!r} is not a key of a telephone (0-9 * # A-D)")
        count = on_ms * RATE_HZ // 1000
        low = Tone((DTMF_ROWS_HZ[key // 4],), level_dbm0=DTMF_LOW_DBM0).render(0, count)
        high = Tone((DTMF_COLUMNS_HZ[key % 4],), level_dbm0=DTMF_HIGH_DBM0).render(0, count)
        pieces += [low + high, pause]
    return np.concatenate(pieces)
