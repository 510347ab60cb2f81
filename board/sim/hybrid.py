# SPDX-License-Identifier: GPL-2.0-or-later
"""Two-wire lines and the hybrids that leak: twelve of them, worked on together.

What: each port's codec drives a pair of wires. What the card sends reaches the far ear with the
line's loss; the far mouth reaches the card with the same loss; and part of what the card sends
comes back, since no balance network fits a real line. How: the echo paths are the impulse
responses of ITU-T G.168 annex D (echo_paths.toml), scaled to each port's echo return loss, as a
12 x 128 bank applied to a sliding window; noise is a long table read from changing places.
Levels in dBm0, samples float32 in units of int16.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np

from board.sim.audio import BLOCK, CHANNELS
from board.sim.levels import Floats, gain, rms_at

TAPS = 128
LINE_LOSS_DB = 2.0  # a few hundred metres of cable, each way
NOISE_DBM0 = -65.0
ERL_DB = (10.0, 11.0, 12.0, 13.0, 14.0)  # ports in turn: what real offices show
NOISE_SAMPLES = 1 << 16


def echo_paths() -> list[Floats]:
    """The eight paths of G.168 annex D, padded to 128 taps, with 0 dB of echo return loss."""
    text = (Path(__file__).parent / "echo_paths.toml").read_text(encoding="utf-8")
    paths = []
    for model in tomllib.loads(text)["models"]:
        taps = np.zeros(TAPS, np.float32)
        taps[: len(model["m"])] = np.array(model["m"]) * model["K"]
        paths.append(taps)
    return paths


class Lines:
    """The wires of all ports; ``pass_block`` is the whole of their physics."""

    def __init__(self, channels: int = CHANNELS, seed: int = 1) -> None:
        self._channels = channels
        self._shapes = [echo_paths()[port % 8] for port in range(channels)]
        self._bank = np.zeros((channels, TAPS), np.float32)
        self._history = np.zeros((channels, TAPS - 1 + BLOCK), np.float32)
        self._noise = np.random.default_rng(seed).standard_normal(NOISE_SAMPLES, np.float32)
        self._places = np.random.default_rng(seed + 1)
        self._noise_rms = np.full((channels, 1), rms_at(NOISE_DBM0), np.float32)
        self._loss = np.float32(gain(-LINE_LOSS_DB))
        for port in range(channels):
            self.set_erl(port, ERL_DB[port % len(ERL_DB)])

    def set_erl(self, channel: int, erl_db: float) -> None:
        """Echo return loss of one port's hybrid."""
        self._bank[channel] = self._shapes[channel][::-1] * gain(-erl_db)

    def set_noise(self, channel: int, level_dbm0: float) -> None:
        """Line noise of one port."""
        self._noise_rms[channel] = rms_at(level_dbm0)

    def pass_block(self, sent: Floats, mouths: Floats) -> tuple[Floats, Floats]:
        """One block: (what the far ears hear, what the card captures), each float32[12, 80]."""
        self._history[:, : TAPS - 1] = self._history[:, BLOCK:]
        self._history[:, TAPS - 1 :] = sent
        ears = self._loss * sent + self._noise_block()
        capture = self._loss * mouths + self._echo() + self._noise_block()
        return ears, capture

    def _echo(self) -> Floats:
        windows = np.lib.stride_tricks.sliding_window_view(self._history, TAPS, axis=1)
        return np.asarray(np.matmul(windows, self._bank[:, :, None])[:, :, 0])

    def _noise_block(self) -> Floats:
        starts = self._places.integers(0, NOISE_SAMPLES - BLOCK, self._channels)
        return np.asarray(self._noise[starts[:, None] + np.arange(BLOCK)] * self._noise_rms)
