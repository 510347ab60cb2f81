# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated exchange's DTMF receiver.

What: finds keys in the sound our card sends. How: the eight frequencies are correlated over
windows of 20 ms, each starting 10 ms after the last (a Goertzel bank written as one matrix
product); a key counts when one row and one column carry most of the power in two windows running.
Use: feed blocks in order; not made for talk-off, since nobody speaks while an exchange collects.
"""

from __future__ import annotations

import numpy as np

from board.sim.audio import BLOCK, RATE_HZ
from board.sim.levels import Floats, rms_at
from board.sim.tones import DTMF_COLUMNS_HZ, DTMF_KEYS, DTMF_ROWS_HZ

WINDOW = 2 * BLOCK
LEAST_DBM0 = -35.0  # of the two tones together
LEAST_SHARE = 0.75  # of the window's power in one row and one column
LEAST_TONE_SHARE = 0.1  # of the pair's power in the weaker one: 10 dB of twist
WINDOWS_TO_ACCEPT = 2  # at least 30 ms of tone
WINDOWS_TO_END = 2


def _bank() -> np.ndarray:
    frequencies = np.array(DTMF_ROWS_HZ + DTMF_COLUMNS_HZ)
    phase = 2j * np.pi / RATE_HZ * np.outer(frequencies, np.arange(WINDOW))
    return np.asarray(np.exp(-phase) * np.hanning(WINDOW), np.complex64)


_BANK = _bank()
_WINDOW_POWER = float(np.sum(np.hanning(WINDOW) ** 2))
_COHERENT = float(np.sum(np.hanning(WINDOW)))


class DtmfReceiver:
    """One receiver; ``feed`` returns the keys that began with this block."""

    def __init__(self) -> None:
        self._last = np.zeros(BLOCK, np.float32)
        self._candidate = ""
        self._seen = 0
        self._missed = WINDOWS_TO_END
        self._held = ""

    def feed(self, block: Floats) -> str:
        """Take float32[80] in units of int16; returns "" or one key."""
        key = classify(np.concatenate((self._last, block)))
        self._last = np.array(block, np.float32)
        self._seen = self._seen + 1 if key and key == self._candidate else 1
        self._candidate = key
        if key != self._held:
            self._missed += 1
            if self._missed >= WINDOWS_TO_END:
                self._held = ""
        else:
            self._missed = 0
        if not key or self._held or self._seen < WINDOWS_TO_ACCEPT:
            return ""
        self._held = key
        self._missed = 0
        return key


def classify(window: Floats) -> str:
    """The key that sounds through this window (float32[160]), or ""."""
    hann_power = float(np.sum(np.square(window * np.hanning(WINDOW)))) / _WINDOW_POWER
    if hann_power < rms_at(LEAST_DBM0) ** 2:
        return ""
    powers = 2 * np.abs(_BANK @ window.astype(np.complex64)) ** 2 / _COHERENT**2
    row, column = int(np.argmax(powers[:4])), int(np.argmax(powers[4:]))
    low, high = float(powers[row]), float(powers[4 + column])
    if low + high < LEAST_SHARE * hann_power or min(low, high) < LEAST_TONE_SHARE * (low + high):
        return ""
    return DTMF_KEYS[row * 4 + column]
