# SPDX-License-Identifier: GPL-2.0-or-later
"""What all calls of one switch share: the instant, the effects so far, legs, lines, identifiers.

Nothing is decided here. `firmware.calls.switch` sets `now` before each fact and takes the effects
afterwards. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from firmware.calls.leg import Leg
from firmware.calls.states import LegState
from firmware.clock import Now
from firmware.effects import (
    Answer,
    ClearAlarm,
    Effect,
    JoinBridge,
    LeaveBridge,
    Originate,
    PlayFiles,
    RaiseAlarm,
    Release,
    StopPlaying,
    WriteEvent,
)
from firmware.errors import ConfigError
from firmware.values import CallId, Cause, LegId, LineId, LineKind, Party, RingClass

if TYPE_CHECKING:
    from firmware.calls.activity import Activity
    from firmware.calls.agents import Agents
    from firmware.calls.call import Call
    from firmware.calls.mailboxes import Mailboxes
    from firmware.calls.settings import Settings
    from firmware.routing.steps import Destination
    from firmware.routing.table import Table


@dataclass(frozen=True)
class Ids:
    """Sources of identifiers, injected."""

    new_leg: Callable[[], LegId]
    new_call: Callable[[], CallId]
    new_play: Callable[[], int]  # plays and recordings; 1..2**31-1


@dataclass(frozen=True)
class Speech:
    """How keys of the prompt catalogue become files, and numbers become keys."""

    path: Callable[[str], str | PathLike[str]]
    number_keys: Callable[[int], tuple[str, ...]]
    digit_keys: Callable[[str], tuple[str, ...]]


class Context:
    """Shared state of a switch."""

    agents: Agents
    mailboxes: Mailboxes
    settings: Settings
    activity_for: Callable[[Call, Destination], Activity]

    def __init__(self, table: Table, speech: Speech, ids: Ids, now: Now) -> None:
        self.table = table  # what a new call begins with
        self.speech = speech
        self.ids = ids
        self.now = now
        self.out: list[Effect] = []
        self.legs: dict[LegId, Leg] = {}
        self.calls: dict[CallId, Call] = {}
        self.out_of_service: dict[LineId, str] = {}  # line: reason
        self.off_hook: dict[LineId, float] = {}  # handset up without a leg; look again at (s)
        self.last_agent: dict[str, str] = {}  # round-robin queue: extension offered last
        self._alarms: dict[str, str] = {}  # raised here and standing: key, text

    # ------------------------------------------------------------------ effects

    def emit(self, effect: Effect) -> None:
        """Give an order."""
        self.out.append(effect)

    def write(self, call: CallId, kind: str, /, **data: object) -> None:
        """Append an event to the record of a call."""
        self.out.append(WriteEvent(call, kind, data))

    def alarm(self, key: str, text: str) -> None:
        """Something is wrong that a person must mend; told once as long as it stays the same."""
        if self._alarms.get(key) != text:
            self._alarms[key] = text
            self.emit(RaiseAlarm(key, text))

    def all_clear(self, key: str) -> None:
        """It is mended."""
        if self._alarms.pop(key, None) is not None:
            self.emit(ClearAlarm(key))

    # ------------------------------------------------------------------ lines

    def kind_of(self, line: LineId) -> LineKind:
        """What a line is made of; a line that left the table counts as a SIP phone."""
        known = self.table.lines.get(line)
        return LineKind.SIP_PHONE if known is None else known.kind

    def leg_on(self, line: LineId) -> Leg | None:
        """A live leg on a line, if any."""
        return next((leg for leg in self.legs.values() if leg.line == line), None)

    def usable(self, line: LineId) -> bool:
        """In service and free for a new leg; a SIP trunk carries any number of them."""
        if line in self.out_of_service:
            return False
        if self.kind_of(line) is LineKind.SIP_TRUNK:
            return True
        return line not in self.off_hook and self.leg_on(line) is None

    # ------------------------------------------------------------------ legs

    def new_leg(self, leg: LegId, line: LineId, party: Party, state: LegState) -> Leg:
        """Begin to follow a leg."""
        owner = self.table.owner_of(line) or ""
        new = Leg(leg, line, self.kind_of(line), owner, party, state, began=self.now.mono_s)
        self.legs[leg] = new
        return new

    def originate(
        self, call: Call, line: LineId, called: str, caller: Party, ring_class: RingClass
    ) -> Leg:
        """Make an outgoing leg of a call."""
        leg = self.new_leg(self.ids.new_leg(), line, self._party_on(line, called), LegState.RINGING)
        leg.call = call
        self.emit(Originate(leg.id, line, called, caller, ring_class))
        return leg

    def _party_on(self, line: LineId, called: str) -> Party:
        person = self.table.person(self.table.owner_of(line) or "")
        return Party(called) if person is None else Party(person.extension, person.name)

    def answer(self, leg: Leg) -> None:
        """Answer a caller, once."""
        if leg.state is not LegState.ANSWERED:
            leg.state = LegState.ANSWERED
            self.emit(Answer(leg.id))

    def release(self, leg: Leg, cause: Cause) -> None:
        """Order the end of a leg; it belongs to no call from now on."""
        leg.call = None
        if leg.state not in (LegState.RELEASING, LegState.ENDED):
            leg.lifted = leg.state is not LegState.RINGING
            leg.state = LegState.RELEASING
            self.emit(Release(leg.id, cause))

    # ------------------------------------------------------------------ sound

    def play(self, leg: Leg, keys: tuple[str, ...], loop: bool = False) -> int:
        """Play prompts to a party; 0 when there was nothing playable."""
        paths = tuple(path for key in keys if (path := self._path(key)))
        if not paths:
            return 0
        play = self.ids.new_play()
        leg.sounding, leg.playing = True, (play, paths)
        self.emit(PlayFiles(leg.id, play, paths, loop))
        return play

    def _path(self, key: str) -> str:
        """File of a prompt; a key with a slash is a file already (a message)."""
        if "/" in key:
            return key
        try:
            path = str(self.speech.path(key))
        except ConfigError as error:
            self.alarm(f"prompt:{key}", str(error))
            return ""
        return path

    def played(self, leg: Leg, play: int, reason: str) -> None:
        """Files were played to the end; ``reason`` names those that could not be."""
        known, paths = leg.playing
        for path in paths if play == known else ():
            key = f"prompt:{path.rpartition('/')[2].removesuffix('.wav')}"
            if path in reason:
                self.alarm(key, f"A sound could not be played: {reason}. Record it again.")
            else:
                self.all_clear(key)

    def hush(self, leg: Leg) -> None:
        """Stop what we play to a party, if anything."""
        if leg.sounding:
            leg.sounding = False
            self.emit(StopPlaying(leg.id))

    def join(self, bridge: int, first: Leg, second: Leg) -> None:
        """Let two parties hear each other."""
        self.hush(first)
        self.hush(second)
        self.emit(JoinBridge(bridge, (first.id, second.id)))

    def part(self, first: Leg, second: Leg) -> None:
        """Take two parties out of their bridge."""
        self.emit(LeaveBridge(first.id))
        self.emit(LeaveBridge(second.id))
