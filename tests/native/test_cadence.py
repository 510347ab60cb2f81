# SPDX-License-Identifier: GPL-2.0-or-later
"""Unknown busy tones: measured whatever they are; and hours of other sound with no hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.prompts import default_root
from native._core import ffi, lib
from tests.native.engine_bench import read_wav

TICK = 80
KEYS = "123A456B789C*0#D"
ROWS_HZ, COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)


@dataclass(frozen=True)
class Found:
    """What was measured."""

    hz: tuple[float, ...]
    on_ms: int
    off_ms: int
    rounds: int


def measure(sound: np.ndarray) -> list[Found]:
    """Pass int16 sound through the detector, faster than real time."""
    sound = np.ascontiguousarray(sound[: len(sound) // TICK * TICK].astype(np.int16))
    samples: Any = ffi.cast("int16_t *", sound.ctypes.data)
    state: Any = ffi.gc(lib.tr_cadence_create(), lib.tr_cadence_destroy)
    figures: Any = ffi.new("tr_cadence_figures *")
    found = []
    for at in range(0, len(sound), TICK):
        if lib.tr_cadence_feed(state, samples + at, at + TICK, 0.0, figures):
            hz = tuple(f for f in figures.frequency_hz if f)
            found.append(Found(hz, figures.on_ms, figures.off_ms, figures.rounds))
    return found


def burst(frequencies_hz: tuple[float, ...], on_ms: float, off_ms: float) -> np.ndarray:
    """One round of a tone at about -12 dBm0."""
    index = np.arange(round(on_ms * 8))
    tone = sum(4000 * np.sin(2 * np.pi * f / 8000 * index) for f in frequencies_hz)
    return np.concatenate((tone, np.zeros(round(off_ms * 8))))


@given(
    first=st.floats(200, 480),
    apart=st.one_of(st.just(0.0), st.floats(100, 170)),
    on_ms=st.integers(80, 1000),
    off_ms=st.integers(80, 1000),
    offset=st.integers(0, 79),
    noise=st.integers(0, 120),
)
def test_any_cadence_in_range_is_measured(
    first: float, apart: float, on_ms: int, off_ms: int, offset: int, noise: int
) -> None:
    frequencies = (first, first + apart) if apart else (first,)
    sound = np.tile(burst(frequencies, on_ms, off_ms), 5)
    sound = np.concatenate((np.zeros(800 + offset), sound))
    sound += noise * np.random.default_rng(1).standard_normal(len(sound))
    (found,) = measure(sound)
    assert found.hz == pytest.approx(frequencies, abs=3.0)
    assert found.on_ms == pytest.approx(on_ms, abs=6)
    assert found.off_ms == pytest.approx(off_ms, abs=6)
    assert found.rounds == 4


def spoken() -> Iterator[np.ndarray]:
    for path in sorted(default_root().rglob("*.wav")):
        yield read_wav(str(path))


def test_prompts_and_music_on_hold_have_no_cadence() -> None:
    sounds = [*spoken(), np.tile(read_wav(str(default_root() / "common/hold_music.wav")), 20)]
    seconds = sum(len(sound) for sound in sounds) / 8000
    assert seconds > 900
    for sound in sounds:
        assert measure(sound) == []
        assert measure(sound // 4) == []  # a weak line


@pytest.mark.parametrize(("on_ms", "off_ms"), [(50, 50), (100, 100), (120, 200), (400, 400)])
@pytest.mark.parametrize("twist", [0.3, 1.0, 2.0])
def test_keys_have_no_cadence(on_ms: int, off_ms: int, twist: float) -> None:
    for key, (row, column) in zip(KEYS, product(ROWS_HZ, COLUMNS_HZ), strict=True):
        press = burst((row,), on_ms, off_ms) + twist * burst((column,), on_ms, off_ms)
        assert measure(np.tile(press, 20)) == [], key


def staccato(notes_hz: tuple[float, ...], note_ms: int, rest_ms: int) -> np.ndarray:
    """Notes of a flute, nearly pure, with rests between them."""
    return np.concatenate([burst((note, 2 * note), note_ms, rest_ms) for note in notes_hz])


def test_a_staccato_tune_has_no_cadence() -> None:
    tune = (262.0, 262.0, 294.0, 262.0, 349.0, 330.0, 262.0, 262.0, 294.0, 262.0, 392.0, 349.0)
    for note_ms in (100, 200, 350):
        assert measure(np.tile(staccato(tune, note_ms, 100), 10)) == []
