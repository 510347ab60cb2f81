# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine's tests share: waiting for facts, WAV files, a board in a thread."""

from __future__ import annotations

import select
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from board.sim.audio import BLOCK, CHANNELS, CardStream, write_asound_conf
from firmware import events
from firmware.values import Codec
from native.engine import Engine

Samples = npt.NDArray[np.int16]
Process = Callable[[Samples], Samples]
F = TypeVar("F", bound=events.MediaFact)

FULL_SCALE_SINE_DBM0 = 3.14


class Facts:
    """Facts of one engine, kept until somebody waits for them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: list[events.MediaFact] = []

    def collect(self, seconds: float) -> None:
        """Take what comes within this time, or at once when something does."""
        select.select([self.engine.event_fd], [], [], seconds)
        self.seen += self.engine.take_events()

    def wait(self, kind: type[F], seconds: float = 3.0) -> F:
        """The next fact of this kind; those before it are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            while self.seen:
                fact = self.seen.pop(0)
                if isinstance(fact, kind):
                    return fact
            left = deadline - time.monotonic()
            assert left > 0, f"no {kind.__name__} within {seconds} s"
            self.collect(left)

    def gather(self, kind: type[F], seconds: float) -> list[F]:
        """All facts of this kind that come within this time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.collect(left)
        found = [fact for fact in self.seen if isinstance(fact, kind)]
        self.seen.clear()
        return found


def connect_two(engine: Engine, a: int, b: int, dtmf: int = -1) -> None:
    """Two RTP legs that send A-law to each other."""
    ports = {a: engine.open_rtp(a), b: engine.open_rtp(b)}
    engine.connect_rtp(a, "127.0.0.1", ports[b], Codec.PCMA, 8, 20, dtmf)
    engine.connect_rtp(b, "127.0.0.1", ports[a], Codec.PCMA, 8, 20, dtmf)


def write_wav(path: Path, samples: Samples) -> str:
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(samples.astype("<i2").tobytes())
    return str(path)


def read_wav(path: str | Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def dbm0(samples: Samples) -> float:
    power = float(np.mean(samples.astype(float) ** 2)) + 1e-9
    return 10 * np.log10(power / (32767**2 / 2)) + FULL_SCALE_SINE_DBM0


def noise(seconds: float, level_dbm0: float = -15.0, seed: int = 1) -> Samples:
    """Low-passed noise, the same each time: broad enough for a canceller, easy to find again."""
    rng = np.random.default_rng(seed)
    raw = np.convolve(rng.standard_normal(int(seconds * 8000)), [0.25, 0.5, 0.25], "same")
    raw *= 10 ** ((level_dbm0 - dbm0((raw * 1000).astype(np.int16))) / 20) * 1000
    return np.clip(raw, -32768, 32767).astype(np.int16)


class BoardThread:
    """A simulated card whose lines do what ``process`` says: playback block in, capture out."""

    def __init__(self, folder: Path, process: Process) -> None:
        self.folder = folder
        self.process = process
        self.stream = CardStream(folder / "card.shm")
        write_asound_conf(folder / "asound.conf", folder / "card.shm")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="board")
        self._thread.start()

    def _run(self) -> None:
        self.stream.start(time.monotonic())
        while not self._stop.is_set():
            time.sleep(max(0.0, self.stream.next_block_s() - time.monotonic()))
            played = self.stream.begin_block(time.monotonic())
            self.stream.end_block(self.process(played))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def close(self) -> None:
        self.stop()
        self.stream.close()


def silence() -> Samples:
    return np.zeros((BLOCK, CHANNELS), np.int16)
