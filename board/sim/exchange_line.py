# SPDX-License-Identifier: GPL-2.0-or-later
"""An exchange line on an FXO port: the exchange's line circuit and the outside party behind it.

It sees the card's off-hook relay, drives ring detector, loop sense and polarity, and plays the
exchange: ringing with caller ID, dial tone, digit collection (DTMF and pulses), progress tones,
and the ways in which a far hang-up shows. What happens after the digits is the test's order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from board.sim.audio import BLOCK
from board.sim.callerid import encode, modulate
from board.sim.dtmf import DtmfReceiver
from board.sim.hybrid import Lines
from board.sim.levels import Floats
from board.sim.party import Bench, OrderError, Party
from board.sim.sound import Mouth
from board.sim.tones import Tone

RELEASE_S = 0.4  # a break longer than this is on hook, a shorter one a pulse
DIGIT_END_S = 0.25  # after the last pulse of a digit
CALLER_ID_DELAY_S = 0.5  # after the first ring; GR-30: 0.5 to 1.5 s
SETTLE_S = 1.0  # from loop drop to dial tone
SILENT_CLEAR_S = 2.0
HANG_UP_STYLES = ("busy-tone", "loop-drop", "polarity", "dial-tone")


class State(Enum):
    """Where the exchange's end of the line is."""

    IDLE = "idle"
    OFFERED = "offered"  # taken for an incoming call that does not ring yet
    RINGING = "ringing"
    TALKING = "talking"
    SEIZED = "seized"  # by us; before dial tone
    DIALLING = "dialling"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    CLEARED = "cleared"  # the far party has hung up, we have not


OUTGOING = (State.SEIZED, State.DIALLING, State.RINGBACK)


@dataclass(frozen=True, slots=True)
class FxoPins:
    """GPIO numbers of the port's data-access arrangement."""

    relay: int
    ring_detect: int
    loop_sense: int
    polarity: int


@dataclass(slots=True)
class LineOptions:
    """How this line behaves; see ExchangeLine.options of the client."""

    dial_tone: bool = True
    dial_tone_delay_s: float = 0.3
    caller_id: str = "fsk"


class ExchangeLine(Party):
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

    def __init__(self, name: str, channel: int, pins: FxoPins, bench: Bench, lines: Lines) -> None:
        super().__init__(name, channel, bench)
        self.pins = pins
        self.seized = False  # our relay, breaks of pulses bridged
        self._lines = lines
        self._options = LineOptions()
        self._state = State.IDLE
        self._relay = False
        self._battery = True
        self._reversed = False
        self._digits = ""
        self._pulses = 0
        self._receiver = DtmfReceiver()
        self._signals = Mouth()  # the exchange's own sound: caller ID
        self._tone: tuple[Tone, int] | None = None  # towards the card, and its first sample
        self._ear_tone: tuple[Tone, int] | None = None  # towards the outside party
        self._script: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._set_loop(True)
        bench.set_input(pins.ring_detect, 0)
        bench.set_input(pins.polarity, 0)

    # ------------------------------------------------------------------ wires

    def on_output(self, pin: int, value: int) -> None:
        """The off-hook relay moved."""
        if pin != self.pins.relay or bool(value) == self._relay:
            return
        self._relay = bool(value)
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        if not self._relay:
            self._timer = loop.call_later(RELEASE_S, self._release)
        elif not self.seized:
            self._seize()
        elif self._state in (State.SEIZED, State.DIALLING):
            self._count_pulse()
            self._timer = loop.call_later(DIGIT_END_S, self._end_pulse_digit)
        self.changes.tell()

    def power_lost(self) -> None:
        """The card went dark; the relay falls off."""
        self.on_output(self.pins.relay, 0)

    def _set_loop(self, present: bool) -> None:
        self.bench.set_input(self.pins.loop_sense, int(present and self._battery))

    def _reverse(self, reversed_: bool) -> None:
        self._reversed = reversed_
        self.bench.set_input(self.pins.polarity, int(reversed_))

    def _ring(self, on: bool) -> None:
        self.bench.set_input(self.pins.ring_detect, int(on and self._battery))

    # ------------------------------------------------------------------ states

    def _enter(
        self,
        state: State,
        tone: Tone | None = None,
        script: Callable[[], Awaitable[None]] | None = None,
        ear_tone: Tone | None = None,
    ) -> None:
        """Change state: what both sides hear, and what happens by and by."""
        if self._script:
            self._script.cancel()
            self._script = None
        self._ring(False)
        self._signals.hush()
        self._set_loop(True)
        self._state = state
        self._play(tone)
        self._ear_tone = (ear_tone, self.bench.next_sample()) if ear_tone else None
        if script:
            self._script = asyncio.ensure_future(script())
        self.attend()
        self.changes.tell()

    def _play(self, tone: Tone | None) -> None:
        self._tone = (tone, self.bench.next_sample()) if tone else None

    def _seize(self) -> None:
        self.seized = True
        if self._state in (State.RINGING, State.OFFERED):
            self._enter(State.TALKING)
        elif self._state is State.IDLE:
            self._digits = ""
            self._pulses = 0
            self._receiver = DtmfReceiver()
            self._enter(State.SEIZED, script=self._give_dial_tone)

    async def _give_dial_tone(self) -> None:
        await asyncio.sleep(self._options.dial_tone_delay_s)
        if self._options.dial_tone and self._battery:
            self._play(self.bench.country.dial)

    def _release(self) -> None:
        """Our side is on hook; whoever was there hears busy tone."""
        self.seized = False
        left_alone = self._state is State.TALKING
        self.mouth.hush()
        self._reverse(False)
        self._enter(State.IDLE, ear_tone=self.bench.country.busy if left_alone else None)

    def _count_pulse(self) -> None:
        if self._state is State.SEIZED:
            self._enter(State.DIALLING)
        self._pulses += 1

    def _end_pulse_digit(self) -> None:
        self._take_digit(str(self._pulses % 10))
        self._pulses = 0

    def _take_digit(self, digit: str) -> None:
        if self._state is State.SEIZED:
            self._enter(State.DIALLING)
        self._digits += digit
        self.changes.tell()

    # ------------------------------------------------------------------ sound

    @property
    def listening(self) -> bool:
        """The outside party holds his handset all the time."""
        return True

    def can_talk(self) -> str:
        """Why nobody hears the outside party."""
        return "" if self._state is State.TALKING else f"the line is {self._state.value}"

    def describe(self) -> str:
        """State in words."""
        digits = f", dialled {self._digits!r}" if self._digits else ""
        relay = "on" if self._relay else "off"
        return f"the line is {self._state.value}{digits}; our relay is {relay}"

    def take_sound(self, sent: Floats) -> None:
        """What the card sends, float32[80]: the exchange listens for keys while it collects."""
        if self._relay and self._state in (State.SEIZED, State.DIALLING):
            digit = self._receiver.feed(sent)
            if digit:
                self._take_digit(digit)

    def fill_mouth(self, row: Floats, sample: int) -> None:
        """Add to float32[80] what the exchange and the outside party send at ``sample``."""
        if self._signals.speaking:
            self._signals.add_to(row)
        if self._tone and self._relay:
            tone, first = self._tone
            row += tone.render(sample - first, BLOCK)
        if self.mouth.speaking:
            self.mouth.add_to(row)

    def shape_ear(self, row: Floats, sample: int) -> None:
        """Turn float32[80] from the line into what the outside party hears."""
        if self._state is not State.TALKING or not self._relay:
            row[:] = 0.0
        if self._ear_tone:
            tone, first = self._ear_tone
            row += tone.render(sample - first, BLOCK)

    # ------------------------------------------------------------------ orders

    async def options(self, **options: Any) -> None:
        """Set options."""
        for name, value in options.items():
            if name == "erl_db":
                self._lines.set_erl(self.channel, float(value))
            elif name == "noise_dbm0":
                self._lines.set_noise(self.channel, float(value))
            elif name in LineOptions.__slots__:
                setattr(self._options, name, value)
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
            await self._ring_once()
            await asyncio.sleep(CALLER_ID_DELAY_S)
            if self._options.caller_id == "fsk":
                self._signals.say(modulate(message, self.bench.country.caller_id))
            pause_s = self.bench.country.ringing_ms[-1] / 1000
            await asyncio.sleep(pause_s - CALLER_ID_DELAY_S)
            while True:
                await self._ring_once()
                await asyncio.sleep(pause_s)

        ringback = self.bench.country.ringback
        self._enter(State.RINGING, script=ring, ear_tone=ringback)

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
        self._enter(State.BUSY, tone=self.bench.country.busy)

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
            self._enter(State.IDLE)
            return
        self._need((State.TALKING,))
        busy = self.bench.country.busy
        if style == "loop-drop":
            self._enter(State.CLEARED, script=self._drop_loop)
        elif style == "dial-tone":
            self._enter(State.CLEARED, script=self._dial_tone_later)
        else:
            self._enter(State.CLEARED, tone=busy)
        if style == "polarity":
            self._reverse(not self._reversed)

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

    def close(self) -> None:
        """End what is under way."""
        if self._script:
            self._script.cancel()
        if self._timer:
            self._timer.cancel()
