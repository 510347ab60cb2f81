# SPDX-License-Identifier: GPL-2.0-or-later
"""Loss concealment: pitch, level, fading, joints."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

BLOCK, HISTORY = 80, 400


class Concealer:
    """One stream."""

    def __init__(self, units: SimpleNamespace) -> None:
        self._lib, self._ffi = units.lib, units.ffi
        self._c = units.ffi.new("tr_plc *")

    def good(self, block: np.ndarray) -> np.ndarray:
        block = block.astype(np.int16)
        self._lib.tr_plc_good(self._c, self._pointer(block), len(block))
        return block

    def lost(self, n: int = BLOCK) -> np.ndarray:
        block = np.zeros(n, np.int16)
        self._lib.tr_plc_lost(self._c, self._pointer(block), n)
        return block

    def _pointer(self, block: np.ndarray) -> object:
        return self._ffi.cast("int16_t *", block.ctypes.data)


def periodic(period: int, n: int) -> np.ndarray:
    """A pulse-like wave of exactly this period."""
    t = 2 * np.pi * np.arange(n) / period
    return sum(2500 / k * np.cos(k * t + k * k) for k in range(1, 6)).astype(np.int16)


def rms(block: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(block.astype(float)))))


@pytest.mark.parametrize("period", [20, 25, 40, 57, 80, 101, 132])
def test_pitch_is_found(units: SimpleNamespace, period: int) -> None:
    wave = periodic(period, HISTORY)
    found = units.lib.tr_plc_find_pitch(units.ffi.cast("int16_t *", wave.ctypes.data), HISTORY)
    assert found % period == 0


@pytest.mark.parametrize("period", [25, 57, 80, 132])
def test_a_periodic_sound_goes_on_unbroken(units: SimpleNamespace, period: int) -> None:
    wave = periodic(period, 1200)
    plc = Concealer(units)
    for at in range(0, 800, BLOCK):
        assert np.array_equal(plc.good(wave[at : at + BLOCK]), wave[at : at + BLOCK])
    filled = plc.lost()
    joint = 33  # a quarter of the longest period
    error = filled[joint:].astype(int) - wave[800 + joint : 880]
    assert rms(error) < 0.05 * rms(wave)


def test_the_level_holds_for_10_ms_and_is_gone_after_60(units: SimpleNamespace) -> None:
    wave = periodic(40, 800)
    plc = Concealer(units)
    plc.good(wave)
    levels = [rms(plc.lost()) for _ in range(8)]
    assert levels[0] == pytest.approx(rms(wave), rel=0.1)
    assert all(later < earlier for earlier, later in pairwise(levels[:6]))
    assert levels[6:] == [0.0, 0.0]


def test_no_click_into_the_gap_or_out_of_it(units: SimpleNamespace) -> None:
    wave = periodic(57, 4000)
    plc, out = Concealer(units), []
    for n, at in enumerate(range(0, 4000, BLOCK)):
        block = wave[at : at + BLOCK]
        out.append(plc.lost() if n in (12, 20, 21, 30, 31, 32) else plc.good(block))
    steps = np.abs(np.diff(np.concatenate(out).astype(int)))
    assert steps.max() <= 1.6 * np.abs(np.diff(wave.astype(int))).max()


def test_silence_stays_silence(units: SimpleNamespace) -> None:
    plc = Concealer(units)
    assert not plc.lost().any()
    plc.good(np.zeros(BLOCK))
    assert not plc.lost(320).any()


def test_block_sizes_may_change(units: SimpleNamespace) -> None:
    wave = periodic(50, 2000)
    plc = Concealer(units)
    for size in (1, 7, 80, 160, 320):
        plc.good(wave[:size])
        assert len(plc.lost(size)) == size
    plc.good(wave[:160])
    assert np.array_equal(plc.good(wave[160:161]), wave[160:161])


def test_full_scale_does_not_wrap(units: SimpleNamespace) -> None:
    square = np.where(np.arange(2000) // 20 % 2, 32767, -32768).astype(np.int16)
    plc = Concealer(units)
    plc.good(square[:800])
    filled = np.concatenate([plc.lost(), plc.good(square[880:960])])
    inside = filled.astype(int)
    assert inside.max() <= 32767 and inside.min() >= -32768
    # A wrapped sample would stand alone with the other sign inside a half period.
    signs = np.sign(inside[60:])
    assert np.count_nonzero(np.diff(signs)) <= 7
