# SPDX-License-Identifier: GPL-2.0-or-later
"""An exchange line as its user has it: calls in, answers to calls out, every way to hang up.

What happens after our side has dialled is the test's order; the circuit below only collects.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from board.sim.callerid import encode, modulate
from board.sim.line_circuit import LineCircuit, LineOptions, State
from board.sim.party import OrderError, Party
from board.sim.tones import ALERT_DBM0, ALERT_HZ, Tone

CALLER_ID_DELAY_S = 0.5  # after the first ring; GR-30: 0.5 to 1.5 s
ALERT_DELAY_S = 0.15  # from the reversal; EN 300 659-1: 100 ms at least
ALERT_SAMPLES = 800  # 100 ms; and the same again until the channel seizure
RING_AFTER_CALLER_ID_S = 0.3  # EN 300 659-1: 200 ms at least
SETTLE_S = 1.0  # from loop drop to dial tone
SILENT_CLEAR_S = 2.0
HANG_UP_STYLES = ("busy-tone", "loop-drop", "polarity", "dial-tone")
OUTGOING = (State.SEIZED, State.DIALLING, State.RINGBACK)


class ExchangeLine(LineCircuit):
    """One exchange line."""

    ORDERS = (
        *Party.ORDERS,
        "options",
        "call",
        "stop_calling",
        "wait_answered",
        "wait_seized",
        "wait_dialled",
        "ring_back",
        "answer",
        "busy",
        "congestion",
        "hang_up",
        "released",
        "set_battery",
        "state",
    )

    # ------------------------------------------------------------------ orders

    async def options(self, **options: Any) -> None:
        """Set options."""
        for name, value in options.items():
            if name == "erl_db":
                self._lines.set_erl(self.channel, float(value))
            elif name == "noise_dbm0":
                self._lines.set_noise(self.channel, float(value))
            elif name in LineOptions.__slots__:
                setattr(self._options, name, tuple(value) if name == "busy_hz" else value)
            else:
                raise OrderError(f"{self.name} has no option {name!r}")

    async def call(self, number: str, name: str = "", first_ring_delay_s: float = 0.0) -> None:
        """An outside party calls in."""
        if self._state is not State.IDLE or self.seized:
            raise OrderError(f"{self.name} cannot be called: the line is {self._state.value}")
        if not self._battery:
            raise OrderError(f"{self.name} cannot be called: it is unplugged")
        ringback = self.bench.country.ringback
        if first_ring_delay_s:

            async def offer() -> None:
                await asyncio.sleep(first_ring_delay_s)
                self._start_ringing(number, name)

            self._enter(State.OFFERED, script=offer, ear_tone=ringback)
        else:
            self._start_ringing(number, name)

    def _start_ringing(self, number: str, name: str) -> None:
        message = encode(number, name, time.strftime("%m%d%H%M"))

        async def ring() -> None:
            told = self._options.caller_id != "fsk"
            if self.bench.country.caller_id_before_ring and not told:
                await self._tell_before_ring(message)
                told = True
            await self._ring_once()
            await asyncio.sleep(CALLER_ID_DELAY_S)
            if not told:
                self._signals.say(modulate(message, self.bench.country.caller_id))
            pause_s = self.bench.country.ringing_ms[-1] / 1000
            await asyncio.sleep(pause_s - CALLER_ID_DELAY_S)
            while True:
                await self._ring_once()
                await asyncio.sleep(pause_s)

        ringback = self.bench.country.ringback
        self._enter(State.RINGING, script=ring, ear_tone=ringback)

    async def _tell_before_ring(self, message: bytes) -> None:
        """Line reversal, dual-tone alert, caller ID; the line stays reversed until released."""
        self._reverse(True)
        await asyncio.sleep(ALERT_DELAY_S)
        alert = Tone(ALERT_HZ, level_dbm0=ALERT_DBM0).render(0, ALERT_SAMPLES)
        pause = np.zeros(ALERT_SAMPLES, np.float32)
        burst = modulate(message, self.bench.country.caller_id)
        self._signals.say(np.concatenate((alert, pause, burst)))
        await self._signals.done()
        await asyncio.sleep(RING_AFTER_CALLER_ID_S)

    async def _ring_once(self) -> None:
        """All of a ring but its last pause: one burst or two."""
        for place, length_ms in enumerate(self.bench.country.ringing_ms[:-1]):
            self._ring(place % 2 == 0)
            await asyncio.sleep(length_ms / 1000)
        self._ring(False)

    async def stop_calling(self) -> None:
        """The caller gives up."""
        if self._state not in (State.RINGING, State.OFFERED):
            raise OrderError(f"{self.name} is not calling: the line is {self._state.value}")
        self._reverse(False)
        self._enter(State.IDLE)

    async def ring_back(self) -> None:
        """The dialled party rings."""
        self._need(OUTGOING)
        self._enter(State.RINGBACK, tone=self.bench.country.ringback)

    async def answer(self, polarity: bool = False) -> None:
        """The dialled party answers."""
        self._need(OUTGOING)
        self._enter(State.TALKING)
        if polarity:
            self._reverse(True)

    async def busy(self) -> None:
        """The dialled party is busy."""
        self._need(OUTGOING)
        self._enter(State.BUSY, tone=self._busy_tone())

    async def congestion(self) -> None:
        """No way through the network."""
        self._need(OUTGOING)
        self._enter(State.CONGESTION, tone=self.bench.country.congestion)

    def _need(self, states: tuple[State, ...]) -> None:
        if self._state not in states:
            raise OrderError(f"{self.name} has no call going out: the line is {self._state.value}")

    async def hang_up(self, style: str = "busy-tone") -> None:
        """The outside party hangs up."""
        if style not in HANG_UP_STYLES:
            raise OrderError(f"{style!r} is not one of {', '.join(HANG_UP_STYLES)}")
        self.mouth.hush()
        if self._state in (State.RINGING, State.OFFERED):
            await self.stop_calling()
            return
        self._need((State.TALKING,))
        if style == "loop-drop":
            self._enter(State.CLEARED, script=self._drop_loop)
        elif style == "dial-tone":
            self._enter(State.CLEARED, script=self._dial_tone_later)
        else:
            self._enter(State.CLEARED, tone=self._busy_tone())
        if style == "polarity":
            self._reverse(not self._reversed)

    def _busy_tone(self) -> Tone:
        options = self._options
        if not options.busy_hz:
            return self.bench.country.busy
        return Tone(options.busy_hz, (options.busy_on_ms, options.busy_off_ms))

    async def _drop_loop(self) -> None:
        self._set_loop(False)
        await asyncio.sleep(self.bench.country.loop_drop_ms / 1000)
        self._set_loop(True)
        await asyncio.sleep(SETTLE_S)
        self._play(self.bench.country.dial)

    async def _dial_tone_later(self) -> None:
        await asyncio.sleep(SILENT_CLEAR_S)
        self._play(self.bench.country.dial)

    async def set_battery(self, present: bool) -> None:
        """Plug the line out or in; a call on it is lost."""
        self._battery = present
        if not present:
            self.mouth.hush()
            self._reverse(False)
            self._enter(State.CLEARED if self.seized else State.IDLE)
        self._set_loop(True)

    async def state(self) -> str:
        """Where the line is."""
        return self._state.value

    async def wait_answered(self, timeout_s: float = 10.0) -> float:
        """Wait for our side to take the call."""
        return await self.wait_until(lambda: self._state is State.TALKING, timeout_s, "answered")

    async def wait_seized(self, timeout_s: float = 10.0) -> float:
        """Wait for our side's relay."""
        return await self.wait_until(lambda: self.seized, timeout_s, "seized")

    async def released(self, timeout_s: float = 10.0) -> float:
        """Wait for our side to be on hook."""
        return await self.wait_until(lambda: not self.seized, timeout_s, "released")

    async def wait_dialled(self, wanted: int | str = 1, timeout_s: float = 15.0) -> str:
        """Wait for digits."""

        def complete() -> bool:
            if isinstance(wanted, str):
                return self._digits == wanted
            return len(self._digits) >= wanted

        await self.wait_until(complete, timeout_s, f"dialled {wanted}")
        return self._digits
