# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange's line circuit on an FXO port: wires, states, digit receivers, sound.

It sees the card's off-hook relay, drives ring detector, loop sense and polarity, gives dial tone
when seized and collects digits. Calls in, progress and hang-up are ExchangeLine's orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from board.sim.audio import BLOCK
from board.sim.dtmf import DtmfReceiver
from board.sim.hybrid import Lines
from board.sim.levels import Floats
from board.sim.party import Bench, Party
from board.sim.sound import Mouth
from board.sim.tones import Tone

RELEASE_S = 0.4  # a break longer than this is on hook, a shorter one a pulse
DIGIT_END_S = 0.25  # after the last pulse of a digit


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
    busy_hz: tuple[float, ...] = ()  # of the far end's network; () as the country's
    busy_on_ms: int = 0
    busy_off_ms: int = 0


class LineCircuit(Party):
    """Our line's place in the exchange."""

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

    def close(self) -> None:
        """End what is under way."""
        if self._script:
            self._script.cancel()
        if self._timer:
            self._timer.cancel()
