# SPDX-License-Identifier: GPL-2.0-or-later
"""A telephone on an FXS port: hook, keys, rotary dial, bell, caller-ID display, ear and mouth.

It sees the pins of its line circuit (mode, polarity) and drives the switch-hook detector. Ear and
mouth are the handset's, so they act off hook only; the display listens on hook, between rings.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from board.sim.audio import BLOCK, RATE_HZ
from board.sim.callerid import decode, demodulate
from board.sim.levels import Floats
from board.sim.party import Bench, OrderError, Party

STEADY_S = 0.3  # nobody dials or flashes sooner after lifting
BETWEEN_DIGITS_S = 0.8  # the dial winds up and runs back
LONGEST_PAUSE_S = 4.0  # of any country's cadence, until one has been heard
PAUSE_MARGIN = 1.2
SHORT_PAUSE_S = 1.0  # inside a double ring
LEAST_DISPLAY_S = 0.4  # a burst takes longer than this


@dataclass(frozen=True, slots=True)
class FxsPins:
    """GPIO numbers of the port's line circuit."""

    ring_mode: int
    polarity: int
    switch_hook: int


class Telephone(Party):
    """One analog telephone."""

    ORDERS = (
        *Party.ORDERS,
        "lift",
        "hang_up",
        "flash",
        "dial_pulses",
        "off_hook",
        "ringing",
        "wait_ringing",
        "wait_not_ringing",
        "ring_bursts",
        "display",
        "wait_display",
    )

    def __init__(self, name: str, channel: int, pins: FxsPins, bench: Bench) -> None:
        super().__init__(name, channel, bench)
        self.pins = pins
        self._lifted = False
        self._closed = False  # the handset's loop, as a dial breaks it
        self._moved_s = 0.0  # when the loop last opened or closed
        self._mode = (0, 0)  # ring mode, polarity
        self._bursts: list[tuple[int, int]] = []  # first and end sample; 0 while it rings
        self._answered = False  # the ringing in _bursts ended by lifting
        self._shown: dict[str, str] | None = None

    # ------------------------------------------------------------------ wires

    @property
    def listening(self) -> bool:
        """Whether handset and line are joined: lifted, and the circuit feeds it."""
        return self._closed and self._mode[0] == 0

    def on_output(self, pin: int, value: int) -> None:
        """One of the line circuit's control pins changed."""
        ring, polarity = self._mode
        before = self._mode == (1, 0)
        self._mode = (value, polarity) if pin == self.pins.ring_mode else (ring, value)
        self._drive_switch_hook()
        after = self._mode == (1, 0)
        if after and not before and not self._lifted:
            self._bell_starts()
        elif before and not after:
            self._bell_stops()
        self.changes.tell()

    def power_lost(self) -> None:
        """The card went dark: no feed, no bell."""
        self._bell_stops()
        self._mode = (0, 0)
        self.changes.tell()

    def _drive_switch_hook(self) -> None:
        no_battery = self._mode == (1, 1)
        self.bench.set_input(self.pins.switch_hook, int(self._closed and not no_battery))

    def _set_loop(self, closed: bool) -> None:
        self._closed = closed
        self._moved_s = time.monotonic()
        self._drive_switch_hook()
        self.changes.tell()

    def fill_mouth(self, row: Floats, sample: int) -> None:
        """Add the mouth; while the loop is broken it speaks into nothing."""
        if self.mouth.speaking:
            self.mouth.add_to(row if self.listening else np.zeros(BLOCK, np.float32))

    def can_talk(self) -> str:
        """Why nobody hears the mouth."""
        return "" if self._lifted else "it is on hook; lift it first"

    def describe(self) -> str:
        """State in words."""
        hook = "off hook" if self._lifted else "on hook"
        bell = ", ringing" if self._rings() else ""
        return f"it is {hook}{bell} and hears {self._name_sound()!r}"

    # ------------------------------------------------------------------ bell and display

    def _bell_starts(self) -> None:
        if self._rings():
            self._read_display()
        else:
            self._bursts = []
            self._shown = None
            self._answered = False
        self._bursts.append((self.bench.sample_now(), 0))

    def _bell_stops(self) -> None:
        if self._bursts and not self._bursts[-1][1]:
            self._bursts[-1] = (self._bursts[-1][0], self.bench.sample_now())

    def _read_display(self) -> None:
        """Look for a message in the pause since the last burst."""
        if self._answered or not self._bursts or not self._bursts[-1][1]:
            return
        sound = self.bench.ears.heard(self.channel, self._bursts[-1][1])
        if len(sound) < LEAST_DISPLAY_S * RATE_HZ:
            return
        message = demodulate(sound, self.bench.country.caller_id)
        self._shown = self._shown if message is None else decode(message)

    def _rings(self) -> bool:
        if not self._bursts or self._answered:
            return False
        end = self._bursts[-1][1]
        return not end or self.bench.sample_now() - end < self._pause_limit_s() * RATE_HZ

    def _pause_limit_s(self) -> float:
        """Longest pause to expect, learned from the pauses heard."""
        pauses = [
            (later[0] - earlier[1]) / RATE_HZ
            for earlier, later in zip(self._bursts, self._bursts[1:], strict=False)
        ]
        longest = max(pauses, default=0.0)
        return PAUSE_MARGIN * (longest if longest > SHORT_PAUSE_S else LONGEST_PAUSE_S)

    # ------------------------------------------------------------------ orders

    async def lift(self) -> None:
        """Lift the handset."""
        if self._lifted:
            raise OrderError(f"{self.name} is off hook already")
        self._read_display()
        self._bell_stops()
        self._lifted = True
        self._answered = True
        self.attend()
        self._set_loop(True)

    async def hang_up(self) -> None:
        """Put the handset down."""
        self.mouth.hush()
        self._lifted = False
        self._set_loop(False)

    async def flash(self, ms: int = 200) -> None:
        """Break the loop once."""
        self._need_handset()
        await self._break_loop(self._steady_s(), ms / 1000)
        self.attend()

    async def dial_pulses(self, digits: str, pps: float = 10.0, make: float = 0.4) -> int:
        """Turn the dial for each digit; the card sample at which the last pulse ended."""
        self._need_handset()
        start_s = self._steady_s()
        last_sample = self.bench.sample_now()
        for digit in digits:
            if digit not in "0123456789":
                raise OrderError(f"a rotary dial has no {digit!r}")
            for _ in range(int(digit) or 10):
                await self._break_loop(start_s, (1 - make) / pps)
                start_s += 1 / pps
            self.attend()
            last_sample = self.bench.sample_now()
            start_s += BETWEEN_DIGITS_S
            await _until(start_s)
        return last_sample

    def _need_handset(self) -> None:
        if not self._lifted:
            raise OrderError(f"{self.name} is on hook; lift it first")

    def _steady_s(self) -> float:
        """The earliest moment at which a hand moves the loop again."""
        return max(time.monotonic(), self._moved_s + STEADY_S)

    async def _break_loop(self, start_s: float, length_s: float) -> None:
        """Open the loop from ``start_s`` (monotonic) for ``length_s``."""
        await _until(start_s)
        self._set_loop(False)
        await _until(start_s + length_s)
        self._set_loop(self._lifted)

    async def off_hook(self) -> bool:
        """Whether the handset is lifted."""
        return self._lifted

    async def ringing(self) -> bool:
        """Whether it rings."""
        return self._rings()

    async def wait_ringing(self, timeout_s: float = 10.0) -> float:
        """Wait for the bell."""
        return await self.wait_until(self._rings, timeout_s, "ringing")

    async def wait_not_ringing(self, timeout_s: float = 10.0) -> float:
        """Wait for the end of ringing."""
        return await self.wait_until(lambda: not self._rings(), timeout_s, "silent")

    async def ring_bursts(self) -> list[tuple[int, int]]:
        """Bursts of the last ringing."""
        return self._bursts

    async def display(self) -> dict[str, str] | None:
        """What the display shows."""
        self._read_display()
        return self._shown

    async def wait_display(self, timeout_s: float = 10.0) -> dict[str, Any]:
        """Wait for a message."""

        def shown() -> bool:
            self._read_display()
            return self._shown is not None

        await self.wait_until(shown, timeout_s, "showing a caller")
        return self._shown or {}


async def _until(moment_s: float) -> None:
    """Sleep until a moment of the monotonic clock."""
    await asyncio.sleep(max(0.0, moment_s - time.monotonic()))
