# SPDX-License-Identifier: GPL-2.0-or-later
"""Levels in dBm0, as G.711 defines them: a sine of full scale has +3.14 dBm0."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FULL_SCALE = 32768.0
FULL_SCALE_SINE_DBM0 = 3.14
RMS_0_DBM0 = FULL_SCALE / 2**0.5 * 10 ** (-FULL_SCALE_SINE_DBM0 / 20)
FLOOR_DBM0 = -96.0  # told for digital silence

Floats = npt.NDArray[np.float32]


def rms_at(level_dbm0: float) -> float:
    """Root mean square, in units of int16, of a signal of this level."""
    return float(RMS_0_DBM0 * 10 ** (level_dbm0 / 20))


def peak_at(level_dbm0: float) -> float:
    """Amplitude, in units of int16, of a sine of this level."""
    return rms_at(level_dbm0) * 2**0.5


def level_dbm0(samples: npt.NDArray[np.int16] | Floats) -> float:
    """Level of samples in units of int16; at least -96."""
    if not len(samples):
        return FLOOR_DBM0
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    if power <= 0.0:
        return FLOOR_DBM0
    return max(FLOOR_DBM0, 10 * float(np.log10(power)) - 20 * float(np.log10(RMS_0_DBM0)))


def gain(decibels: float) -> float:
    """Factor of an amplitude."""
    return float(10 ** (decibels / 20))
