# SPDX-License-Identifier: GPL-2.0-or-later
"""The sounds without words: hold music and the beep before a recording.

The tune is our own, so an office owes nobody a fee for playing it. Soft plucked notes below
700 Hz: neither the DTMF frequencies (697-1,633 Hz) nor a steady tone that a line could take
for busy tone. It ends where it begins and can be played round and round. Made at set-up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

RATE_HZ = 8000
BEAT_S = 0.4
BEEP_HZ = 1000.0
BEEP_S = 0.4
DECAY_S = 0.9  # time constant of a plucked note
# Semitones above A3 (220 Hz), one line a bar of eight notes; None is a rest.
TUNE: tuple[tuple[int | None, ...], ...] = (
    (3, 7, 10, 15, 10, 7, 10, None),
    (0, 3, 7, 12, 7, 3, 7, None),
    (-4, 0, 3, 8, 3, 0, 3, None),
    (-2, 2, 5, 10, 14, 10, 5, None),
    (3, 7, 10, 15, 19, 15, 10, None),
    (0, 3, 7, 12, 15, 12, 7, None),
    (-4, 3, 8, 12, 8, 3, 0, None),
    (-2, 5, 10, 14, 17, 14, 10, None),
)


def note(semitone: int) -> Samples:
    """One plucked note, decaying over two time constants, with little above the fundamental."""
    seconds = np.arange(int(2 * DECAY_S * RATE_HZ)) / RATE_HZ
    hertz = 220.0 * 2 ** (semitone / 12)
    attack = np.minimum(1.0, seconds / 0.01)
    wave = np.sin(2 * np.pi * hertz * seconds) + 0.15 * np.sin(4 * np.pi * hertz * seconds)
    return np.asarray(attack * np.exp(-seconds / DECAY_S) * wave * (1 - seconds / (2 * DECAY_S)))


def hold_music() -> Samples:
    """The whole tune, about 26 s; the last notes ring on into the beginning."""
    beats = [semitone for bar in TUNE for semitone in bar]
    step = int(BEAT_S * RATE_HZ)
    sound = np.zeros(len(beats) * step)
    for beat, semitone in enumerate(beats):
        if semitone is not None:
            plucked = note(semitone)
            places = (beat * step + np.arange(len(plucked))) % len(sound)
            np.add.at(sound, places, plucked)
    return sound


def beep() -> Samples:
    """The tone after which a caller speaks."""
    seconds = np.arange(int(BEEP_S * RATE_HZ)) / RATE_HZ
    edges = np.minimum(1.0, np.minimum(seconds, BEEP_S - seconds) / 0.01)
    return np.asarray(edges * np.sin(2 * np.pi * BEEP_HZ * seconds))
