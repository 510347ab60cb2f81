# SPDX-License-Identifier: GPL-2.0-or-later
"""What telephones and outside callers share: orders, waiting, speaking, dialling, listening.

Orders come from the control socket by name; ``ORDERS`` of each class lists them. A wait ends when
its condition holds, checked at every change of a pin or state and ten times a second.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from board.sim.audio import BLOCK, RATE_HZ
from board.sim.levels import FLOOR_DBM0, Floats, gain, level_dbm0
from board.sim.recogniser import recognise
from board.sim.sound import Ears, Mouth, Recording
from board.sim.tones import Country, dtmf
from board.sim.wavefile import read_wav, write_wav

POLL_S = 0.1
LISTEN_AGAIN_S = 0.25  # naming a sound costs a millisecond of the board's loop
MOST_HEARD_S = 6.6  # a whole ringback of 2 + 4 s


class OrderError(Exception):
    """An order that makes no sense now; the sentence tells the person who gave it."""


class Bench(Protocol):
    """What a party needs of the board."""

    country: Country
    ears: Ears
    sound_dir: Path

    def sample_now(self) -> int:
        """The card's sample number."""

    def next_sample(self) -> int:
        """First sample of the next block."""

    def set_input(self, pin: int, value: int) -> None:
        """Put a level on one of the card's input pins."""


class Changes:
    """Wakes those who wait for something to change."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """Something changed."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, timeout_s: float) -> None:
        """Return at the next change or after ``timeout_s``."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await asyncio.wait((future,), timeout=timeout_s)


class Party:
    """An ear and a mouth on one channel of the card."""

    ORDERS: tuple[str, ...] = (
        "speak",
        "speech_done",
        "listen",
        "stop_recording",
        "hears",
        "wait_hears",
        "level",
        "dial",
    )

    def __init__(self, name: str, channel: int, bench: Bench) -> None:
        self.name = name
        self.channel = channel
        self.bench = bench
        self.mouth = Mouth()
        self.changes = Changes()
        self._attentive_since = 0  # sample of this party's own last action
        self._recordings: dict[int, Recording] = {}
        self._numbers = itertools.count(1)

    # ------------------------------------------------------------------ for the subclasses

    @property
    def listening(self) -> bool:
        """Whether the ear is on the line."""
        raise NotImplementedError

    def can_talk(self) -> str:
        """Why the mouth has nobody to speak to, or ""."""
        raise NotImplementedError

    def describe(self) -> str:
        """State, for the sentence of a wait that ran out."""
        raise NotImplementedError

    def on_output(self, pin: int, value: int) -> None:
        """One of this port's control pins changed."""
        raise NotImplementedError

    def power_lost(self) -> None:
        """The card went dark."""
        raise NotImplementedError

    def close(self) -> None:
        """End what is under way."""

    def take_sound(self, sent: Floats) -> None:
        """What the card sends, float32[80], as it is at the port."""

    def fill_mouth(self, row: Floats, sample: int) -> None:
        """Add to float32[80] what this side of the line sends from ``sample`` on."""
        raise NotImplementedError

    def shape_ear(self, row: Floats, sample: int) -> None:
        """Turn float32[80] as it comes off the line into what is at the ear."""

    def attend(self) -> None:
        """Forget, for naming tones, what was heard up to now."""
        self._attentive_since = self.bench.next_sample()

    async def wait_until(
        self,
        condition: Callable[[], bool],
        timeout_s: float,
        what: str,
        poll_s: float = POLL_S,
    ) -> float:
        """Seconds until ``condition`` held; TimeoutError says ``what`` did not happen."""
        start_s = time.monotonic()
        while not condition():
            left_s = start_s + timeout_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(
                    f"{self.name}: not {what} within {timeout_s:g} s; {self.describe()}"
                )
            await self.changes.wait(min(poll_s, left_s))
        return time.monotonic() - start_s

    # ------------------------------------------------------------------ orders

    async def perform(self, order: str, arguments: dict[str, Any]) -> Any:
        """Carry out one order by name; OrderError for unknown ones."""
        if order not in self.ORDERS:
            raise OrderError(f"{self.name} knows no order {order!r}")
        return await getattr(self, order)(**arguments)

    def _say(self, sound: Floats) -> int:
        reason = self.can_talk()
        if reason:
            raise OrderError(f"{self.name} cannot speak: {reason}")
        self.mouth.say(sound)
        return self.bench.next_sample()

    async def speak(self, path: str, gain_db: float = 0.0) -> int:
        """Say a WAV file; the card sample at which it begins."""
        samples = await asyncio.to_thread(read_wav, Path(path))
        return self._say(samples.astype(np.float32) * np.float32(gain(gain_db)))

    async def speech_done(self, timeout_s: float = 60.0) -> None:
        """Wait for the end of what is being said."""
        await asyncio.wait_for(self.mouth.done(), timeout_s)

    async def dial(self, digits: str, on_ms: int = 80, off_ms: int = 80) -> int:
        """Press keys; the card sample at which the last one was let go."""
        try:
            sound = dtmf(digits, on_ms, off_ms)
        except ValueError as error:
            raise OrderError(str(error)) from error
        first = self._say(sound)
        await self.mouth.done()
        # ringback may begin in the pause after the last key
        self._attentive_since = first + len(sound) - off_ms * RATE_HZ // 1000
        return self._attentive_since

    async def listen(self) -> int:
        """Begin a recording; its number."""
        number = next(self._numbers)
        self._recordings[number] = self.bench.ears.listen(self.channel)
        return number

    async def stop_recording(self, number: int) -> dict[str, Any]:
        """End a recording; where it lies and when it began."""
        recording = self._recordings.pop(number, None)
        if recording is None:
            raise OrderError(f"{self.name} has no recording number {number}")
        self.bench.ears.recordings.discard(recording)
        path = self.bench.sound_dir / f"{self.name}-heard-{number}.wav"
        await asyncio.to_thread(write_wav, path, recording.samples())
        return {"path": str(path), "start_sample": recording.start_sample}

    async def hears(self) -> str:
        """Name of the sound at the ear."""
        return self._name_sound()

    def _name_sound(self) -> str:
        if not self.listening:
            return "silence"
        since = max(self._attentive_since, self.bench.next_sample() - int(MOST_HEARD_S * RATE_HZ))
        heard = self.bench.ears.heard(self.channel, since)
        return recognise(heard, self.bench.country)

    async def wait_hears(self, name: str, timeout_s: float = 10.0) -> float:
        """Wait for a sound."""
        return await self.wait_until(
            lambda: self._name_sound() == name,
            timeout_s,
            f"hearing {name!r}",
            LISTEN_AGAIN_S,
        )

    async def level(self, seconds: float = 1.0) -> float:
        """Level at the ear, dBm0."""
        if not self.listening:
            return FLOOR_DBM0
        since = self.bench.next_sample() - max(BLOCK, int(seconds * RATE_HZ))
        return level_dbm0(self.bench.ears.heard(self.channel, since))
