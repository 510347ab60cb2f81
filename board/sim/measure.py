# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparing what was said with what was heard: delay, level, likeness, echo.

Everything is computed within the telephone band (300 to 3,400 Hz) from the card's sample stamps,
so the figures do not depend on when a program ran. Speech slips a little when a jitter buffer
adapts; the likeness is therefore taken piece by piece, each at its own best delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from board.sim.audio import RATE_HZ
from board.sim.levels import Floats, level_dbm0

BAND_HZ = (300.0, 3400.0)
MAX_DELAY_MS = 800.0
PIECE = 4000  # samples, half a second
PIECE_SLIP = 240  # a piece's own delay may differ by +-30 ms
LEAST_PIECE_DBM0 = -45.0  # pauses say nothing about likeness
ECHO_WINDOW = 256  # samples around the strongest reflection: a hybrid's whole response

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How ``heard`` relates to ``source``."""

    delay_ms: float  # from the mouth to the ear
    level_db: float  # heard over said; negative is loss
    correlation: float  # 0 unrelated, 1 the same but for delay and level
    slip_ms: float  # how far the pieces' delays spread


def compare(
    source: Samples,
    heard: Samples,
    source_start: int = 0,
    heard_start: int = 0,
    max_delay_ms: float = MAX_DELAY_MS,
) -> Comparison:
    """Find ``source`` (begins at card sample ``source_start``) in ``heard``; delays >= 0 only."""
    said, ear = band_limited(source), _placed(heard, heard_start - source_start)
    most = int(max_delay_ms * RATE_HZ / 1000)
    ear = _padded(ear, len(said) + most)
    delay = int(np.argmax(np.abs(_correlate(said, ear)[: most + 1])))
    likeness, weights, lags, gains = [], [], [], []
    for start in range(0, len(said), PIECE):
        piece = said[start : start + PIECE]
        if len(piece) < PIECE // 4 or level_dbm0(piece.astype(np.float32)) < LEAST_PIECE_DBM0:
            continue
        first = max(0, start + delay - PIECE_SLIP)
        found = _best(piece, ear[first : start + delay + PIECE_SLIP + len(piece)])
        likeness.append(found[0])
        lags.append(first + found[1] - start)
        gains.append(found[2])
        weights.append(float(np.sum(piece**2)))
    if not weights:
        return Comparison(0.0, -96.0, 0.0, 0.0)
    share = np.array(weights) / sum(weights)
    level = float(np.sqrt(np.sum(share * np.square(gains))))
    return Comparison(
        delay_ms=delay * 1000 / RATE_HZ,
        level_db=20 * float(np.log10(max(level, 1e-5))),
        correlation=float(np.sum(share * np.array(likeness))),
        slip_ms=(max(lags) - min(lags)) * 1000 / RATE_HZ,
    )


def echo_db(
    own: Samples,
    heard: Samples,
    own_start: int = 0,
    heard_start: int = 0,
    max_delay_ms: float = MAX_DELAY_MS,
) -> float:
    """Level of one's own speech in what one hears, dB relative to it; about -60 is line noise.

    Measure it while nobody else speaks: two voices are like one another to about -16 dB.
    """
    said, ear = band_limited(own), _placed(heard, heard_start - own_start)
    most = int(max_delay_ms * RATE_HZ / 1000)
    size = 1 << (len(said) + most + ECHO_WINDOW).bit_length()
    said_spectrum = np.fft.rfft(said, size)
    ear_spectrum = np.fft.rfft(_padded(ear, len(said) + most), size)
    power = np.abs(said_spectrum) ** 2
    response = np.fft.irfft(
        np.conj(said_spectrum) * ear_spectrum / (power + 0.01 * float(np.mean(power))), size
    )[:most]
    strongest = int(np.argmax(np.abs(response)))
    first = max(0, strongest - ECHO_WINDOW // 2)
    part = response[first : first + ECHO_WINDOW]
    echo = np.convolve(said, part)
    share = float(np.sqrt(np.sum(echo**2) / max(float(np.sum(said**2)), 1.0)))
    return 20 * float(np.log10(max(share, 1e-5)))


def band_limited(samples: Samples | Floats) -> npt.NDArray[np.float64]:
    """The telephone band of a sound, same length."""
    if not len(samples):
        return np.zeros(0)
    spectrum = np.fft.rfft(np.asarray(samples, np.float64))
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    spectrum[(frequencies < BAND_HZ[0]) | (frequencies > BAND_HZ[1])] = 0
    return np.fft.irfft(spectrum, len(samples))


def _placed(heard: Samples, offset: int) -> npt.NDArray[np.float64]:
    """``heard`` on the source's time: its sample 0 is the source's first."""
    limited = band_limited(heard)
    return np.concatenate((np.zeros(offset), limited)) if offset >= 0 else limited[-offset:]


def _padded(samples: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    """Cut or filled with silence to ``length``."""
    return np.concatenate((samples[:length], np.zeros(max(0, length - len(samples)))))


def _correlate(
    pattern: npt.NDArray[np.float64], sound: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Sum of products for every delay of ``pattern`` in ``sound``, by FFT."""
    size = 1 << (len(pattern) + len(sound)).bit_length()
    product = np.conj(np.fft.rfft(pattern, size)) * np.fft.rfft(sound, size)
    return np.fft.irfft(product, size)


def _best(
    piece: npt.NDArray[np.float64], sound: npt.NDArray[np.float64]
) -> tuple[float, int, float]:
    """Best normalised correlation of a piece in a longer sound, its delay and its gain."""
    products = np.correlate(sound, piece, "valid")
    if not len(products):
        return 0.0, 0, 0.0
    sums = np.concatenate(([0.0], np.cumsum(sound**2)))
    energies = sums[len(piece) :] - sums[: len(sums) - len(piece)]
    norms = np.sqrt(np.maximum(energies, 1.0) * float(np.sum(piece**2)))
    likeness = np.abs(products) / norms
    lag = int(np.argmax(likeness))
    gain = float(np.sqrt(max(energies[lag], 0.0) / float(np.sum(piece**2))))
    return float(likeness[lag]), lag, gain
