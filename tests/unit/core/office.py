# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole exchange without sockets: real machines, real calls, a compiled office, virtual time.

Played from outside: the card (hook switches), the media host (opens ports, plays prompts, hears
digits) and the clock. Nothing sleeps.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from firmware.assembly import country_of, line_machines, sip_lines, sip_settings
from firmware.calls.context import Ids, Speech
from firmware.calls.switch import Switch
from firmware.clock import Now
from firmware.core import Core
from firmware.effects import (
    CloseLeg,
    Detect,
    Effect,
    Indicate,
    JoinBridge,
    LeaveBridge,
    OpenCard,
    OpenRtp,
    Originate,
    PlayFiles,
    PlayTone,
    SendDatagram,
    SendDigits,
    StartRecording,
    StartRinging,
    StopPlaying,
    StopRecording,
    StopRinging,
    TagLeg,
    WriteEvent,
)
from firmware.events import (
    CardDown,
    CardUp,
    DigitHeard,
    DigitsSent,
    HeldLeg,
    HookChanged,
    MediaDown,
    MediaFailed,
    MediaUp,
    PlayEnded,
    PortState,
    RecordEnded,
    RtpOpened,
    ToneHeard,
)
from firmware.lines.countries import CONTINUOUS_MS, COUNTRIES
from firmware.machines import MessageReceived
from firmware.routing.table import Table
from firmware.sip.endpoint import SipEndpoint
from firmware.sip.settings import SipSettings, SipTrunk
from firmware.values import CallId, LegId, LineId, Party, Tone, ToneName

MONDAY = datetime(2026, 10, 26, 10, 0, tzinfo=ZoneInfo("Europe/Kyiv"))
PROMPT_S = 2.0
SAMPLES_PER_S = 8_000
T = TypeVar("T")


@dataclass
class Port:
    """One port of the media engine as the host holds it."""

    channel: int  # of the card, -1 for RTP
    bridge: int = 0
    tag: str = ""
    digits: bool = False
    sound: Tone | tuple[str, ...] | None = None
    ends: float = inf  # when the prompt is over
    play: int = 0
    record: StartRecording | None = None
    record_began: float = 0.0


@dataclass
class MediaHost:
    """Carries out media orders; survives its exchange."""

    ports: dict[LegId, Port] = field(default_factory=dict)
    facts: list[Any] = field(default_factory=list)
    alive: bool = True

    def carry_out(self, order: Effect, now_s: float) -> None:
        """An order; one to a host that is away is lost, as the client's send says."""
        if self.alive:
            self._carry_out(order, now_s)
        elif isinstance(order, OpenCard | OpenRtp):
            self.facts.append(MediaFailed(order.leg, type(order).__name__, "away"))

    def _carry_out(self, order: Effect, now_s: float) -> None:
        match order:
            case OpenCard():
                busy = [port.channel for port in self.ports.values()]
                assert order.channel not in busy, f"{order}: the channel has a port already"
                self.ports[order.leg] = Port(order.channel)
            case OpenRtp():
                self.ports[order.leg] = Port(-1)
                rtp = 10_000 + 2 * len(self.ports)
                self.facts.append(RtpOpened(order.leg, "192.0.2.9", rtp))
            case CloseLeg():
                self._end_recording(order.leg, 0.0, "closed", now_s)
                del self.ports[order.leg]
            case JoinBridge():
                for leg, port in self.ports.items():
                    port.bridge = order.bridge if leg in order.legs else port.bridge
                assert set(order.legs) <= set(self.ports), order
            case LeaveBridge():
                if order.leg in self.ports:
                    self.ports[order.leg].bridge = 0
            case TagLeg():
                self.ports[order.leg].tag = order.tag
            case Detect():
                self.ports[order.leg].digits = order.digits
                dial = [tone for tone in order.tones if tone.name is ToneName.DIAL]
                if dial and dial[0].on_ms[0] <= CONTINUOUS_MS:  # at the seizure, not in a talk
                    self.facts.append(ToneHeard(order.leg, ToneName.DIAL, 0, 0))
            case SendDigits():
                self.facts.append(DigitsSent(order.leg))
            case StartRecording():
                port = self.ports[order.leg]
                port.record, port.record_began = order, now_s
            case StopRecording():
                self._end_recording(order.leg, order.trim_s, "stopped", now_s)
            case PlayTone():
                self._play(order.leg, order.tone, inf, order.play)
            case PlayFiles():
                ends = inf if order.loop else now_s + PROMPT_S * len(order.paths)
                self._play(order.leg, order.paths, ends, order.play)
            case StopPlaying():
                self._play(order.leg, None, inf, 0)

    def _play(self, leg: LegId, sound: Any, ends: float, play: int) -> None:
        port = self.ports[leg]
        port.sound, port.ends, port.play = sound, ends, play

    def _end_recording(self, leg: LegId, trim_s: float, why: str, now_s: float) -> None:
        port = self.ports[leg]
        if port.record is not None:
            seconds = max(0.0, now_s - port.record_began - trim_s)
            record, port.record = port.record, None
            self.facts.append(RecordEnded(leg, record.record, record.path, seconds, why))

    def play_out(self, now_s: float) -> None:
        """Prompts that are over by now."""
        for leg, port in self.ports.items():
            if port.ends <= now_s:
                self.facts.append(PlayEnded(leg, port.play, ""))
                port.sound, port.ends = None, inf

    def held(self) -> MediaUp:
        """What a new exchange is told."""
        legs = tuple(
            HeldLeg(leg, "rtp" if p.channel < 0 else "card", p.channel, 0, p.bridge, p.tag)
            for leg, p in self.ports.items()
        )
        return MediaUp(legs, "192.0.2.9")


class SipPhone:
    """A desk phone: the same endpoint with one trunk that leads to the exchange."""

    ADDRESS = ("192.0.2.50", 5060)

    def __init__(self, box: OfficeBox, extension: str, password: str) -> None:
        self._box = box
        self.line = LineId("office")
        self.seen: list[Any] = []
        legs, tokens = itertools.count(1), itertools.count(1)
        self._new_leg = lambda: LegId(next(legs))
        trunk = SipTrunk(
            self.line, "192.0.2.1", 5060, username=extension, password=password, register=True
        )
        settings = SipSettings(*self.ADDRESS, "phone", b"p" * 32, trunks=(trunk,))
        self.endpoint = SipEndpoint(settings, self._new_leg, lambda: f"{next(tokens):016x}")
        self.take(self.endpoint.start(box.now()))

    def take(self, items: list[Any]) -> None:
        """What the phone's endpoint gave."""
        self.seen += items
        for item in items:
            if isinstance(item, SendDatagram):
                self._box.arriving.append(MessageReceived(item.data, ("udp", *self.ADDRESS)))
            elif isinstance(item, OpenRtp):
                opened = RtpOpened(item.leg, "192.0.2.50", 20_000 + 2 * item.leg)
                self.take(self.endpoint.on_fact(opened, self._box.now()))

    def receive(self, data: bytes) -> None:
        self.take(self.endpoint.on_message(data, ("udp", "192.0.2.1", 5060), self._box.now()))

    def order(self, order: object) -> None:
        """What the person at the phone does."""
        self.take(self.endpoint.on_order(order, self._box.now()))
        self._box.settle()

    def call(self, number: str) -> LegId:
        own = self._new_leg()
        self.order(Originate(own, self.line, number, Party("")))
        return own

    def last(self, kind: type[T]) -> T:
        """The newest of what it gave of a kind."""
        return [item for item in self.seen if isinstance(item, kind)][-1]


class OfficeBox:
    """One exchange on one media host."""

    def __init__(
        self, table: Table, media: MediaHost | None = None, began_s: float = 1000.0
    ) -> None:
        self.media = media or MediaHost()
        self.table = table
        self.clock_s = began_s
        self.wall = MONDAY
        self.effects: list[Effect] = []
        self.ringing: set[LineId] = set()
        self.arriving: list[MessageReceived] = []  # from the phone to the exchange
        self.phone: SipPhone | None = None
        self.channels = dict(_channels(table))
        legs = itertools.count(int(began_s) * 16)
        calls = itertools.count(1)
        plays = itertools.count(1)
        tokens = itertools.count(1)
        self.new_leg = lambda: LegId(next(legs))
        ids = Ids(self.new_leg, lambda: CallId(f"{began_s:.0f}-{next(calls)}"), lambda: next(plays))
        speech = Speech(lambda key: f"/prompts/{key}.wav", lambda n: (), lambda number: ())
        self.switch = Switch(table, speech, ids, self.now(), voicemail_folder="/mail")
        self.machines = line_machines(table, self.channels, self.new_leg)
        self.sip = SipEndpoint(
            sip_settings(table, "192.0.2.1", 5060, b"s" * 32),
            self.new_leg,
            lambda: f"{next(tokens):016x}",
        )
        self.core = Core(
            self.machines, self.sip, sip_lines(table), self.switch, country_of(table).tones
        )
        self._carry_out(self.core.start(self.now()))

    def now(self) -> Now:
        return Now(self.clock_s, self.wall + timedelta(seconds=self.clock_s - 1000.0))

    # ------------------------------------------------------------------ the world

    def power_up(self, *off_hook: str) -> None:
        """Media host and card answer; handsets are down but for those named."""
        self.tell(self.media.held())
        self.plug_card(off_hook)

    def tell(self, fact: Any) -> None:
        """One fact and all that follows from it at once."""
        self._carry_out(self.core.on_fact(fact, self.now()))
        self.settle()

    def settle(self) -> None:
        """What the media host and the phone have to say."""
        while self.media.facts or self.arriving:
            waiting: list[Any] = self.media.facts or self.arriving
            self._carry_out(self.core.on_fact(waiting.pop(0), self.now()))

    def register(self, extension: str, password: str) -> SipPhone:
        """A SIP phone comes on."""
        self.phone = SipPhone(self, extension, password)
        self.settle()
        return self.phone

    def take_over(self, phone: SipPhone) -> None:
        """A phone that was with the exchange before."""
        self.phone, phone._box = phone, self

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        end = self.clock_s + seconds
        while True:
            moment = self._next_moment()
            if moment > end:
                break
            self.clock_s = max(self.clock_s, moment)
            self.media.play_out(self.clock_s)
            self._carry_out(self.core.on_timer(self.now()))
            if self.phone is not None:
                self.phone.take(self.phone.endpoint.on_timer(self.now()))
            self.settle()
        self.clock_s = end

    def _next_moment(self) -> float:
        """When something is due next."""
        times = [port.ends for port in self.media.ports.values()]
        dues = [self.core.next_timeout()]
        if self.phone is not None:
            dues.append(self.phone.endpoint.next_timeout())
        return min([*times, *(due for due in dues if due is not None)], default=inf)

    def kill_media(self) -> None:
        """The media host dies; with it all ports."""
        self.media.alive = False
        self.media.ports.clear()
        self.media.facts.clear()
        self.tell(MediaDown("killed"))

    def start_media(self) -> None:
        """A new media host, with nothing in it."""
        self.media.alive = True
        self.tell(self.media.held())

    def unplug_card(self) -> None:
        self.ringing.clear()
        self.tell(CardDown("card1", tuple(self.channels), "cable"))

    def plug_card(self, off_hook: Collection[str] = ()) -> None:
        """The card tells its whole state; it rings nothing and holds no exchange line."""
        self.tell(CardUp("card1", tuple(self.channels), "0.1.0", "tipring-8s4o-r1"))
        for line in self.channels:
            self.tell(PortState(line, line in off_hook, False, True, False))

    def lift(self, line: str) -> None:
        self.tell(HookChanged(LineId(line), True))

    def put_down(self, line: str) -> None:
        self.tell(HookChanged(LineId(line), False))

    def dial(self, line: str, digits: str) -> None:
        """Keys of a telephone, heard by the media host, a fifth of a second apart."""
        for digit in digits:
            self.run(0.2)
            leg = self.leg_on(line)
            assert self.media.ports[leg].digits, f"nobody listens to {line}"
            self.tell(DigitHeard(leg, digit, int(self.clock_s * SAMPLES_PER_S)))

    def receive(self, text: str, source: tuple[str, str, int]) -> None:
        """A SIP message."""
        self.tell(MessageReceived(text.replace("\n", "\r\n").encode(), source))

    # ------------------------------------------------------------------ what is

    def leg_on(self, line: str) -> LegId:
        """The leg whose port is on a telephone's channel."""
        channel = self.channels[LineId(line)]
        return next(leg for leg, port in self.media.ports.items() if port.channel == channel)

    def hears(self, line: str) -> str:
        """What a telephone hears: a tone's name, prompts, other lines, or "nothing"."""
        port = self.media.ports[self.leg_on(line)]
        if isinstance(port.sound, Tone):
            return self.tone_name(port.sound)
        if port.sound is not None:
            return " ".join(port.sound)
        others = [p for p in self.media.ports.values() if port.bridge and p.bridge == port.bridge]
        return " ".join(self._name(p) for p in others if p is not port) or "nothing"

    def _name(self, port: Port) -> str:
        lines = {channel: line for line, channel in self.channels.items()}
        return lines.get(port.channel, "rtp")

    def tone_name(self, tone: Tone) -> str:
        """Name of a tone of the office's country."""
        tones: dict[ToneName, Tone] = dict(COUNTRIES[self.table.data.country].tones)
        return next(name.value for name, known in tones.items() if known == tone)

    def events(self) -> list[str]:
        """Kinds of the events written so far."""
        return [event.kind for event in self.written()]

    def written(self) -> list[WriteEvent]:
        """Events for the records so far."""
        return [effect for effect in self.effects if isinstance(effect, WriteEvent)]

    def sent(self) -> list[str]:
        """First lines of the SIP messages sent so far."""
        messages = [effect for effect in self.effects if isinstance(effect, SendDatagram)]
        return [message.data.split(b"\r\n")[0].decode() for message in messages]

    @property
    def at_rest(self) -> bool:
        """Nothing of any call is left anywhere."""
        return self.switch.empty and not self.media.ports and not any(self.core.books)

    def _carry_out(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            assert not isinstance(effect, Indicate), "a leg order got out of the core"
            if isinstance(effect, StartRinging):
                self.ringing.add(effect.line)
            elif isinstance(effect, StopRinging):
                self.ringing.discard(effect.line)
            self.media.carry_out(effect, self.clock_s)
            if isinstance(effect, SendDatagram) and self.phone is not None:
                self.phone.receive(effect.data)


def _channels(table: Table) -> Iterator[tuple[LineId, int]]:
    for line in table.lines.values():
        if line.card:
            yield line.name, int(line.port[3:]) - 1 + (8 if line.port.startswith("FXO") else 0)
