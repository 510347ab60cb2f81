# SPDX-License-Identifier: GPL-2.0-or-later
"""A scripted world around a switch in virtual time: telephones, lines, a media host, records.

The lines react to leg orders as the real machines do, the media host plays each file for
`PROMPT_S` seconds. Nothing sleeps; `run` moves the clock from event to event.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from math import inf
from pathlib import Path
from zoneinfo import ZoneInfo

from firmware.calls.context import Ids, Speech
from firmware.calls.switch import Switch
from firmware.clock import Now
from firmware.config.load import load_office
from firmware.effects import (
    Alert,
    Answer,
    CollectNumber,
    Effect,
    Indicate,
    JoinBridge,
    LeaveBridge,
    Originate,
    PlayFiles,
    Release,
    SetMessageWaiting,
    StartRecording,
    StopPlaying,
    StopRecording,
    TagLeg,
    WriteEvent,
)
from firmware.events import (
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegDialled,
    LegDigit,
    LegEnded,
    LegFlashed,
    LegSeized,
    LineIdle,
    LineServiceChanged,
    PlayEnded,
    RecordEnded,
)
from firmware.routing.compile import compile_office
from firmware.routing.table import Table
from firmware.values import CallId, Cause, LegId, LineId, Party

PROMPT_S = 2.0
MONDAY = datetime(2026, 10, 26, 10, 0, tzinfo=ZoneInfo("Europe/Kyiv"))
SUNDAY = datetime(2026, 10, 25, 10, 0, tzinfo=ZoneInfo("Europe/Kyiv"))


OFFICE = Path(__file__).with_name("office.toml")


@cache
def table(path: Path = OFFICE) -> Table:
    """A compiled office, the small one of these tests unless told otherwise."""
    return compile_office(load_office(path, read_on=date(2026, 10, 1)))


@dataclass
class FakeLeg:
    """What the world knows about one leg."""

    id: LegId
    line: str
    state: str  # dialling, calling, ringing, talking
    order: Originate | None = None
    alerted: bool = False
    playing: PlayFiles | None = None
    tone: str = ""
    play_ends: float = 0.0
    bridge: int = 0
    record: StartRecording | None = None
    record_began: float = 0.0
    tag: str = ""


@dataclass
class World:
    """A switch and everything around it."""

    wall: datetime = MONDAY
    messages: tuple = ()
    settings: dict = field(default_factory=dict)
    first_id: int = 1
    clock_s: float = 1000.0
    office: Path = OFFICE

    def __post_init__(self) -> None:
        self.table = table(self.office)
        self.began_s = self.clock_s
        legs, plays = itertools.count(self.first_id), itertools.count(1)
        self.legs: dict[int, FakeLeg] = {}
        self.facts: deque = deque()
        self.effects: list[Effect] = []
        self.written: list[tuple[float, WriteEvent]] = []
        self.waiting: dict[str, bool] = {}
        self.off_hook: set[str] = set()
        self.refusing: dict[str, Cause] = {}  # lines that refuse an Originate at once
        self.new_leg = lambda: LegId(next(legs))
        calls = itertools.count(self.first_id)
        self.switch = Switch(
            self.table,
            Speech(lambda key: f"/prompts/{key}.wav", _numbers, _digits),
            Ids(self.new_leg, lambda: CallId(f"c{next(calls)}"), lambda: next(plays)),
            self.now(),
            voicemail_folder="/mail",
            messages=self.messages,
            settings=self.settings,
        )
        self._obey(self.switch.start(self.now()))

    # ------------------------------------------------------------------ time

    def now(self) -> Now:
        passed = self.clock_s - self.began_s
        return Now(self.clock_s, self.wall + timedelta(seconds=passed))

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        end = self.clock_s + seconds
        while True:
            self.settle()
            due = [leg.play_ends for leg in self.legs.values() if leg.play_ends]
            due += [leg.record_began + leg.record.max_s for leg in self.legs.values() if leg.record]
            timeout = self.switch.next_timeout()
            moment = min([*due, *([] if timeout is None else [timeout])], default=inf)
            if moment > end:
                break
            self.clock_s = max(self.clock_s, moment)
            self._play_out()
            if timeout is not None and timeout <= self.clock_s:
                self._obey(self.switch.on_timer(self.now()))
                after = self.switch.next_timeout()
                assert after is None or after > self.clock_s or self.facts, "timer stands still"
        self.clock_s = end

    def _play_out(self) -> None:
        for leg in tuple(self.legs.values()):
            if leg.play_ends and leg.play_ends <= self.clock_s:
                play, leg.playing, leg.play_ends = leg.playing, None, 0.0
                assert play is not None
                self.facts.append(PlayEnded(leg.id, play.play, ""))
            if leg.record and leg.record_began + leg.record.max_s <= self.clock_s:
                self._close_record(leg, 0.0, "limit")

    def settle(self) -> None:
        """Hand over facts until nothing happens any more."""
        while self.facts:
            self._obey(self.switch.on_fact(self.facts.popleft(), self.now()))

    def tell(self, *facts: object) -> None:
        """Facts that nobody expects."""
        self.facts.extend(facts)
        self.settle()

    # ------------------------------------------------------------------ people

    def lift(self, line: str) -> LegId:
        """Lift a handset: dial tone, or the answer to a ringing telephone."""
        self.off_hook.add(line)
        leg = self.on(line)
        if leg is not None:
            assert leg.state == "ringing", f"{line} is off the hook already"
            leg.state = "talking"
            self.tell(LegAnswered(leg.id))
            return leg.id
        return self._seize(line, "dialling", lambda id: LegSeized(id, LineId(line)))

    def _seize(self, line: str, state: str, fact) -> LegId:
        leg = FakeLeg(self.new_leg(), line, state)
        self.legs[leg.id] = leg
        self.tell(fact(leg.id))
        return leg.id

    def dial(self, line: str, number: str) -> LegId:
        """Dial on a lifted telephone (lifts it first), or call from a SIP phone."""
        if line.startswith("sip:"):
            return self._seize(
                line, "calling", lambda id: LegArrived(id, LineId(line), Party(), number)
            )
        leg = self.on(line)
        id = self.lift(line) if leg is None else leg.id
        self.legs[id].state, self.legs[id].tone = "calling", ""
        self.tell(LegDialled(id, LineId(line), number))
        return id

    def arrive(self, line: str, number: str = "0501234567", called: str = "") -> LegId:
        """A caller from outside."""
        caller = Party(number, "Caller")
        return self._seize(line, "calling", lambda id: LegArrived(id, LineId(line), caller, called))

    def answer(self, line: str) -> LegId:
        """Whoever is called on this line answers."""
        if line.startswith("FXS"):
            return self.lift(line)
        leg = next(leg for leg in self.legs.values() if leg.line == line and leg.state == "ringing")
        leg.state = "talking"
        self.tell(LegAnswered(leg.id))
        return leg.id

    def hang_up(self, line: str, busy_tone_s: float = 0.0, cause: Cause = Cause.NORMAL) -> None:
        """The party on a line hangs up, refuses, or is gone."""
        self.off_hook.discard(line)
        leg = self.on(line)
        if leg is None:
            self.tell(LineIdle(LineId(line)))
            return
        del self.legs[leg.id]
        self.tell(LegEnded(leg.id, cause, True, busy_tone_s))
        if leg.record:
            self._close_record(leg, leg_trim(self, leg), "closed")
        self.settle()

    def flash(self, line: str) -> None:
        leg = self.on(line)
        assert leg is not None
        leg.tone = ""
        self.tell(LegFlashed(leg.id))

    def keys(self, line: str, digits: str) -> None:
        leg = self.on(line)
        assert leg is not None
        for digit in digits:
            self.tell(LegDigit(leg.id, digit))

    def service(self, line: str, works: bool) -> None:
        self.tell(LineServiceChanged(LineId(line), works, "test"))

    # ------------------------------------------------------------------ orders

    def _obey(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            handler = getattr(self, "_" + type(effect).__name__.lower(), None)
            if handler is not None:
                handler(effect)

    def _originate(self, order: Originate) -> None:
        cause = self.refusing.get(order.line)
        if cause is None and (self.on(order.line) or order.line in self.off_hook):
            cause = None if order.line in ("itsp", "mute") else Cause.BUSY
        if cause is not None:
            self.facts.append(LegEnded(order.leg, cause, True))
            return
        self.legs[order.leg] = FakeLeg(order.leg, order.line, "ringing", order)
        early = order.line.startswith("FXO")
        self.facts.append(LegAlerting(order.leg, early_media=early))

    def _alert(self, order: Alert) -> None:
        self._live(order.leg).alerted = True

    def _answer(self, order: Answer) -> None:
        leg = self._live(order.leg)
        leg.state, leg.tone, leg.alerted = "talking", "", False

    def _release(self, order: Release) -> None:
        leg = self.legs.pop(order.leg, None)
        assert leg is not None, f"{order} for a leg that is over"
        self.facts.append(LegEnded(order.leg, order.cause, False))

    def _collectnumber(self, order: CollectNumber) -> None:
        leg = self._live(order.leg)
        leg.state, leg.tone, leg.playing = "dialling", "dial", None

    def _playfiles(self, order: PlayFiles) -> None:
        leg = self._live(order.leg)
        assert leg.state == "talking", f"{order} to a leg that cannot hear"
        leg.playing, leg.tone = order, ""
        leg.play_ends = 0.0 if order.loop else self.clock_s + PROMPT_S * len(order.paths)

    def _indicate(self, order: Indicate) -> None:
        leg = self._live(order.leg)
        leg.playing, leg.play_ends, leg.tone = None, 0.0, order.tone.value

    def _stopplaying(self, order: StopPlaying) -> None:
        leg = self._live(order.leg)
        leg.playing, leg.play_ends, leg.tone = None, 0.0, ""

    def _joinbridge(self, order: JoinBridge) -> None:
        for leg in self.legs.values():
            if leg.bridge == order.bridge:
                leg.bridge = 0
        for id in order.legs:
            self._live(id).bridge = order.bridge

    def _leavebridge(self, order: LeaveBridge) -> None:
        if order.leg in self.legs:
            self.legs[order.leg].bridge = 0

    def _startrecording(self, order: StartRecording) -> None:
        leg = self._live(order.leg)
        leg.record, leg.record_began = order, self.clock_s

    def _stoprecording(self, order: StopRecording) -> None:
        leg = self.legs.get(order.leg)
        if leg is not None and leg.record is not None:
            self._close_record(leg, order.trim_s, "stopped")

    def _close_record(self, leg: FakeLeg, trim_s: float, why: str) -> None:
        record, leg.record = leg.record, None
        seconds = max(0.0, self.clock_s - leg.record_began - trim_s)
        self.facts.append(RecordEnded(leg.id, record.record, record.path, seconds, why))

    def _tagleg(self, order: TagLeg) -> None:
        if order.leg in self.legs:
            self.legs[order.leg].tag = order.tag

    def _setmessagewaiting(self, order: SetMessageWaiting) -> None:
        self.waiting[order.line] = order.waiting

    def _writeevent(self, order: WriteEvent) -> None:
        self.written.append((self.clock_s, order))

    # ------------------------------------------------------------------ what is

    def on(self, line: str) -> FakeLeg | None:
        """The leg on a line."""
        return next((leg for leg in self.legs.values() if leg.line == line), None)

    def _live(self, id: LegId) -> FakeLeg:
        assert id in self.legs, f"order for leg {id}, which is over"
        return self.legs[id]

    def ringing(self) -> set[str]:
        """Lines that ring."""
        return {leg.line for leg in self.legs.values() if leg.state == "ringing"}

    def hears(self, line: str) -> str:
        """What the party on a line hears: a prompt, a tone, the other party, or nothing."""
        leg = self.on(line)
        if leg is None:
            return "busy" if line in self.off_hook else "nothing"
        if leg.playing is not None:
            return ",".join(Path(path).stem for path in leg.playing.paths)
        if leg.tone:
            return leg.tone
        if leg.alerted:
            return "ringback"
        others = [o.line for o in self.legs.values() if o.bridge and o.bridge == leg.bridge]
        return "+".join(line for line in others if line != leg.line) or "nothing"

    def talk(self, one: str, other: str) -> bool:
        """Whether two lines hear each other."""
        return self.hears(one) == other and self.hears(other) == one

    def events(self, kind: str) -> list[dict]:
        """Data of all events of a kind, oldest first."""
        return [event.data for _, event in self.written if event.kind == kind]

    def calls_written(self) -> list[str]:
        """Calls that have a record, in the order in which they began."""
        return list(dict.fromkeys(event.call for _, event in self.written))

    def kinds_of(self, call: str) -> list[str]:
        """Kinds of all events of one call, oldest first."""
        return [event.kind for _, event in self.written if event.call == call]

    def over(self) -> bool:
        """Nothing is left anywhere."""
        ended = [event.call for _, event in self.written if event.kind == "ended"]
        begun = [event.call for _, event in self.written if event.kind == "arrived"]
        return self.switch.empty and not self.legs and sorted(ended) == sorted(begun)


def leg_trim(world: World, leg: FakeLeg) -> float:
    """Seconds that the switch asked to cut when the leg ended."""
    stops = [e for e in world.effects if isinstance(e, StopRecording) and e.leg == leg.id]
    return stops[-1].trim_s if stops else 0.0


def _numbers(count: int) -> tuple[str, ...]:
    return (f"number_{count}",)


def _digits(number: str) -> tuple[str, ...]:
    return tuple(f"digit_{digit}" for digit in number)
