# SPDX-License-Identifier: GPL-2.0-or-later
"""What a human at the ear would call the sound: dial tone, busy, ringback, speech ...

What: names the end of a stretch of sound. How: a spectrum each 10 ms tells for every set of
frequencies of the country whether it alone sounds; the on and off runs are then compared from the
newest backwards with each cadence, so that what came before a change of tone does not matter.
Use: hand over only sound since the listener's own last action (lift, digits): a dial tone that a
first digit cut off after a second looks just like ringback.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from board.sim.audio import RATE_HZ
from board.sim.levels import peak_at
from board.sim.tones import Country, Tone

HOP = 80  # samples, 10 ms
WINDOW = 256  # 32 ms; lines 31 Hz apart
BIN_HZ = RATE_HZ / WINDOW
LEAST_DBM0 = -45.0
TONE_SHARE = 0.8  # of a frame's power within the tone's own lines
HALF_WIDTH_HZ = 45.0
RECENT_FRAMES = 200  # the last 2 s
TOLERANCE = 0.2  # of a cadence's time, more than E.180's 10 % for the frames' blur
BLUR_FRAMES = 2
CONTINUOUS_FRAMES = 130  # longer than the longest burst of a tone with the same frequency
LONG_CYCLE_MS = 2000  # of such a cadence one burst and pause is enough evidence
SPEECH_SHARE = 0.05  # of the recent frames; words have gaps
HOWLER_HZ = (1400.0, 2060.0, 2450.0, 2600.0)  # and parts of them
HOWLER_DBM0 = -20.0
STUTTER_ON = (8, 120)  # frames
STUTTER_OFF = (2, 14)

Mask = npt.NDArray[np.bool_]
Powers = npt.NDArray[np.float32]

_HANNING = np.hanning(WINDOW).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Run:
    """So many frames of tone, or of anything else."""

    on: bool
    frames: int


def recognise(samples: npt.NDArray[np.int16], country: Country) -> str:
    """Name of what the end of ``samples`` is; needs 2 s, for ringback 6.5 s help."""
    spectrum = _spectrum(samples)
    if len(spectrum) < 5:
        return "silence"
    total = spectrum.sum(axis=1)
    loud = total > _power_at(LEAST_DBM0)
    if _is_howler(spectrum[-RECENT_FRAMES:], total[-RECENT_FRAMES:]):
        return "howler"
    for name in ("busy", "congestion", "ringback"):
        tone = getattr(country, name)
        if _has_cadence(_runs(_mask(spectrum, total, loud, tone)), tone.cadence_ms):
            return name
    dial = _dial(_runs(_mask(spectrum, total, loud, country.dial)), country)
    return dial or _rest(spectrum, total, loud)


def _spectrum(samples: npt.NDArray[np.int16]) -> Powers:
    """Power per line of each frame, float32[frames, 129]; frames end at the newest sample."""
    count = (len(samples) - WINDOW) // HOP + 1
    if count < 1:
        return np.zeros((0, WINDOW // 2 + 1), np.float32)
    tail = np.asarray(samples[-((count - 1) * HOP + WINDOW) :], np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(tail, WINDOW)[::HOP]
    lines = np.fft.rfft(frames * _HANNING, axis=1)
    return np.asarray(lines.real**2 + lines.imag**2)


def _power_at(level_dbm0: float) -> float:
    """Sum of a frame's lines for a sine of this level."""
    window_power = float(np.sum(np.hanning(WINDOW) ** 2))
    return peak_at(level_dbm0) ** 2 / 2 * window_power * WINDOW / 2


def _in_band(spectrum: Powers, frequencies: tuple[float, ...]) -> Powers:
    lines = np.arange(spectrum.shape[1]) * BIN_HZ
    near = np.zeros(len(lines), bool)
    for frequency in frequencies:
        near |= np.abs(lines - frequency) <= HALF_WIDTH_HZ
    return np.asarray(spectrum[:, near].sum(axis=1))


def _mask(spectrum: Powers, total: Powers, loud: Mask, tone: Tone) -> Mask:
    """Frames in which this tone, all of its frequencies and little else, sounds."""
    mask = loud & (_in_band(spectrum, tone.frequencies_hz) > TONE_SHARE * total)
    for frequency in tone.frequencies_hz:
        share = _in_band(spectrum, (frequency,)) / np.maximum(total, 1.0)
        mask &= share > TONE_SHARE / 4 / len(tone.frequencies_hz)
    return np.asarray(mask)


def _runs(mask: Mask) -> list[Run]:
    """Newest first; the first and the last may be cut."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8))) + 1
    bounds = [0, *edges.tolist(), len(mask)]
    runs = [Run(bool(mask[a]), b - a) for a, b in itertools.pairwise(bounds)]
    return runs[::-1]


def _fits(run: Run, wanted_ms: int) -> bool:
    wanted = wanted_ms / 10
    return abs(run.frames - wanted) <= TOLERANCE * wanted + BLUR_FRAMES


def _has_cadence(runs: list[Run], cadence_ms: tuple[int, ...]) -> bool:
    """Whether the newest runs follow the cadence from some place in it."""
    places = len(cadence_ms)
    bursts = 1 if sum(cadence_ms) >= LONG_CYCLE_MS else 2
    return any(
        _matched_bursts(runs, cadence_ms, place) >= bursts
        for place in range(places)
        if (place % 2 == 0) == runs[0].on
    )


def _matched_bursts(runs: list[Run], cadence_ms: tuple[int, ...], place: int) -> int:
    """Whole bursts before the newest run, which is at ``place`` and not over yet."""
    if runs[0].frames > cadence_ms[place] / 10 * (1 + TOLERANCE) + BLUR_FRAMES:
        return 0
    bursts = 0
    for run in runs[1:]:  # the oldest may be cut, so it counts only if it fits all the same
        place = (place - 1) % len(cadence_ms)
        if not _fits(run, cadence_ms[place]):
            break
        bursts += run.on
    return bursts


def _dial(runs: list[Run], country: Country) -> str:
    """ "dial", "stutter" or ""."""
    gaps, frames, place = 0, 0, 0
    while place < len(runs) and frames < RECENT_FRAMES:
        run = runs[place]
        cut = place in (0, len(runs) - 1)
        limits = STUTTER_ON if run.on else STUTTER_OFF
        if not (run.frames <= limits[1] and (cut or run.frames >= limits[0])):
            break
        gaps += not run.on and not cut
        frames += run.frames
        place += 1
    if gaps >= 2 and runs[0].frames < CONTINUOUS_FRAMES:
        return "stutter"
    shared = country.dial.frequencies_hz == country.ringback.frequencies_hz
    least = CONTINUOUS_FRAMES if shared else CONTINUOUS_FRAMES // 2
    return "dial" if runs[0].on and runs[0].frames >= least else ""


def _is_howler(spectrum: Powers, total: Powers) -> bool:
    strong = total > _power_at(HOWLER_DBM0)
    alone = _in_band(spectrum, HOWLER_HZ) > TONE_SHARE * total
    return float(np.mean(strong & alone)) > 0.2


def _rest(spectrum: Powers, total: Powers, loud: Mask) -> str:
    """Sound without a meaning of its own: "speech", "tone" or "silence"."""
    recent = slice(-RECENT_FRAMES, None)
    peaks = np.sort(spectrum[recent], axis=1)[:, -8:].sum(axis=1)
    pure = loud[recent] & (peaks > 0.97 * total[recent]) & _steady(spectrum[recent])
    speech = loud[recent] & ~pure
    if np.mean(speech) > max(SPEECH_SHARE, 0.5 * float(np.mean(pure))):
        return "speech"
    return "tone" if np.mean(pure) > SPEECH_SHARE else "silence"


def _steady(spectrum: Powers) -> Mask:
    """Frames whose strongest line is that of the frames beside them: tones do not glide."""
    strongest = np.argmax(spectrum, axis=1)
    same = np.zeros(len(strongest), bool)
    same[1:] = strongest[1:] == strongest[:-1]
    same[:-1] |= strongest[1:] == strongest[:-1]
    return same
