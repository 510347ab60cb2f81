# SPDX-License-Identifier: GPL-2.0-or-later
"""Test signals of ITU-T G.168: composite source signal, echo path models, levels.

Facts of Annex C and D and of P.501, at 8 kHz in 16-bit units; 0 dBm0 is 6.16 dB under a sine of
full scale in A-law (+3.14 dBm0). The echo paths are in tests/data/g168/echo_paths.json.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

RATE = 8000
RATE_HIGH = 44100  # the voiced parts are given at this rate
FULL_SCALE_DBM0 = 3.14 + 3.01  # level of an RMS of 32767
PATHS = Path(__file__).resolve().parents[1] / "data" / "g168" / "echo_paths.json"

# One pitch period of the voiced part, single talk (P.501).
# fmt: off
VOICE_SINGLE = [
    -155, 276, 517, 578, 491, 302, 86, -103, -207, -198, 60, 190, 543, 948, 1362, 1741, 2043,
    2276, 2422, 2500, 2552, 2595, 2655, 2758, 2896, 3060, 3224, 3370, 3500, 3569, 3603, 3603,
    3595, 3586, 3595, 3638, 3724, 3819, 3922, 4000, 4043, 4034, 3974, 3862, 3724, 3577, 3439,
    3336, 3267, 3224, 3198, 3172, 3129, 3043, 2914, 2750, 2560, 2353, 2155, 1991, 1853, 1750,
    1672, 1603, 1534, 1440, 1310, 1146, 965, 776, 603, 448, 345, 276, 250, 250, 267, 267, 241,
    190, 103, -9, -138, -267, -388, -491, -569, -638, -698, -759, -813, -888, -957, -1034, -1103,
    -1146, -1181, -1190, -1198, -1215, -1259, -1327, -1457, -1629, -1853, -2121, -2414, -2707,
    -3017, -3319, -3612, -3913, -4224, -4560, -4922, -5301, -5715, -6137, -6560, -6948, -7301,
    -7568, -7732, -7758, -7620, -7310, -6810, -6155, -5344, -4439, -3474, -2508, -1595, -802,
]

# The same, double talk. Sample 160 circulates as -938 in one transcription, between -629 and
# -638; taken here as the evident -638.
VOICE_DOUBLE = [
    -198, -112, -9, 103, 233, 388, 543, 724, 896, 1060, 1233, 1388, 1517, 1638, 1747, 1810, 1845,
    1845, 1802, 1707, 1569, 1379, 1146, 871, 560, 233, -121, -491, -871, -1250, -1638, -2043,
    -2465, -2896, -3345, -3819, -4310, -4810, -5319, -5836, -6353, -6853, -7353, -7836, -8292,
    -8715, -9077, -9370, -9542, -9542, -9361, -8956, -8327, -7465, -6396, -5163, -3827, -2448,
    -1103, 155, 1293, 2241, 3034, 3655, 4138, 4517, 4827, 5094, 5344, 5594, 5827, 6043, 6215,
    6344, 6413, 6422, 6379, 6310, 6215, 6120, 6051, 6000, 5991, 5991, 6000, 6008, 5991, 5939,
    5853, 5715, 5560, 5387, 5215, 5043, 4879, 4732, 4586, 4439, 4276, 4086, 3870, 3629, 3370,
    3086, 2801, 2534, 2267, 2034, 1819, 1612, 1422, 1224, 1026, 819, 603, 388, 181, 9, -181, -328,
    -448, -543, -629, -707, -784, -871, -948, -1026, -1112, -1181, -1241, -1276, -1293, -1302,
    -1293, -1267, -1250, -1233, -1224, -1224, -1224, -1224, -1215, -1198, -1172, -1129, -1077,
    -1026, -974, -922, -888, -871, -845, -828, -810, -793, -767, -741, -698, -672, -638, -603,
    -595, -586, -595, -603, -621, -629, -638, -638, -638, -638, -638, -638, -647, -664, -690,
    -724, -767, -793, -819, -845, -853, -871, -879, -888, -896, -922, -948, -974, -1009, -1026,
    -1052, -1069, -1077, -1069, -1060, -1060, -1052, -1043, -1043, -1052, -1060, -1060, -1060,
    -1052, -1034, -1017, -991, -957, -931, -905, -888, -862, -845, -819, -793, -767, -724, -672,
    -621, -560, -509, -457, -397, -345, -276, -207, -112,
]

# Shape of the noise part: Hz, dB; straight lines on a linear frequency axis.
SHAPE = [(50, -25.8), (100, -12.8), (200, 17.4), (215, 17.8), (500, 12.2), (1000, 7.2),
         (2850, 0.0), (3600, -2.0), (3660, -20.0), (3680, -30.0)]
# fmt: on


def rms(signal: Signal) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(signal, dtype=np.float64))))


def rms_of(level_dbm0: float) -> float:
    """RMS in 16-bit units of a level."""
    return float(32767.0 * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20))


def dbm0(signal: Signal) -> float:
    """Level of a signal; -100 or so for silence."""
    return float(20 * np.log10(max(rms(signal), 1e-2) / 32767.0) + FULL_SCALE_DBM0)


def _shaped_noise(samples: int, rng: np.random.Generator, gaussian: bool) -> Signal:
    """8192 points of pseudo-noise at the high rate, repeated."""
    points = 8192
    hertz = np.arange(points // 2 + 1) * RATE_HIGH / points
    corner, level = np.array(SHAPE).T
    shape_db = np.where((hertz < 50) | (hertz > 3680), -60.0, np.interp(hertz, corner, level))
    size = 10 ** (shape_db / 20)
    if gaussian:
        spectrum = np.fft.rfft(rng.standard_normal(points)) * size
    else:
        spectrum = size * np.where(rng.integers(0, 2, points // 2 + 1) > 0, 1j, -1j)
    spectrum[0] = spectrum[-1] = 0
    return np.tile(np.fft.irfft(spectrum, points), samples // points + 1)[:samples]


def _resampled(cycle: Signal) -> Signal:
    """One whole period at 8 kHz, by its spectrum."""
    samples = round(len(cycle) * RATE / RATE_HIGH)
    spectrum = np.fft.rfft(cycle)[: samples // 2 + 1]
    spectrum[np.arange(len(spectrum)) * RATE / samples > 3800] = 0
    return np.fft.irfft(spectrum, samples) * (samples / len(cycle))


@cache
def _cycle(double: bool) -> Signal:
    """Voice, noise, pause; then the same with the other sign."""
    rng = np.random.default_rng(184 if double else 168)  # crest factors as specified
    period, repeat, voiced, pause = (
        (VOICE_DOUBLE, 14, 3206, 5614) if double else (VOICE_SINGLE, 16, 2144, 4471)
    )
    voice = np.array(period * repeat, float)[:voiced]
    noise = _shaped_noise(8820, rng, double)
    noise *= rms(voice) / rms(noise)
    half = np.concatenate([voice, noise, np.zeros(pause)])
    return _resampled(np.concatenate([half, -half]))


def css(seconds: float, level_dbm0: float, double: bool = False) -> Signal:
    """Composite source signal with this active level (pauses left out)."""
    cycle = _cycle(double)
    active = (72.69 + 200.0) / 400 if double else (48.62 + 200.0) / 350
    scaled = cycle * (rms_of(level_dbm0) / (rms(cycle) / np.sqrt(active)))
    samples = int(seconds * RATE)
    return np.tile(scaled, samples // len(scaled) + 1)[:samples]


def noise(seconds: float, level_dbm0: float, seed: int = 1) -> Signal:
    """White noise."""
    white = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return white * rms_of(level_dbm0) / rms(white)


def tone(seconds: float, level_dbm0: float, *frequencies_hz: float) -> Signal:
    """Sines, each at this level."""
    t = np.arange(int(seconds * RATE)) / RATE
    total = sum(np.sin(2 * np.pi * hertz * t) for hertz in frequencies_hz)
    return np.asarray(total * np.sqrt(2) * rms_of(level_dbm0))


def echo(far: Signal, model: int, erl_db: float, delay: int = 0) -> Signal:
    """Echo of ``far`` over model 1..8 of Annex D at this return loss (for CSS)."""
    path = json.loads(PATHS.read_text())["models"][model - 1]
    taps = np.array(path["m"], float) * path["K"] * 10 ** (-erl_db / 20)
    return np.convolve(far, np.concatenate([np.zeros(delay), taps]))[: len(far)]
