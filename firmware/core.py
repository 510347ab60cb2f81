# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange without its sockets: every machine, joined in one direction.

A fact goes to the machine that owns its line or leg. What comes out is carried on at once: leg
orders down to the line and SIP machines, leg facts up to the calls, everything else out to the
dispatcher in the order it was given. Facts that arise on the way wait until the orders before
them are done, so no machine ever sees the world between two of its own orders. Pure.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast, get_args

from firmware.clock import Now
from firmware.effects import (
    ClearAlarm,
    CloseLeg,
    Detect,
    Effect,
    Indicate,
    LegOrder,
    OpenCard,
    OpenRtp,
    Originate,
    PlayTone,
    RaiseAlarm,
    SaveSetting,
    SetMessageWaiting,
    TagLeg,
)
from firmware.events import (
    CardAudioChanged,
    CardDown,
    CardFact,
    CardUp,
    DigitHeard,
    HeldLeg,
    LegAdopted,
    LegDigit,
    LegEnded,
    LegFact,
    LineServiceChanged,
    MediaDown,
    MediaFact,
    MediaUp,
    PlayEnded,
    RecordEnded,
)
from firmware.values import CallId, LegId, LineId, Tone, ToneName

Out = list[Effect | LegFact]
SIP_PHONE_PREFIX = "sip:"  # lines of phones; trunks have names of their own
CONTACTS = "sip-contacts"  # setting that keeps registered phones over a restart
NOT_HEARD = "not heard of since the start"

_LEG_FACTS = get_args(LegFact)
_LEG_ORDERS = get_args(LegOrder)
_FOR_CALLS = (PlayEnded, RecordEnded, *_LEG_FACTS)


class LineMachine(Protocol):
    """What the core needs of an analog line (and of the SIP machine, which owns many lines)."""

    def on_fact(self, fact: object, now: Now) -> Out: ...

    def on_order(self, order: object, now: Now) -> Out: ...

    def on_timer(self, now: Now) -> Out: ...

    def next_timeout(self) -> float | None: ...

    def restore(self, leg: LegId, tag: str, now: Now) -> Out: ...


class SipMachine(LineMachine, Protocol):
    """The SIP endpoint: a line machine that also takes messages."""

    def start(self, now: Now) -> Out: ...

    def stop(self, now: Now) -> Out: ...

    def on_unreachable(self, source: tuple[str, str, int], now: Now) -> Out: ...

    def on_resolved(self, host: str, addresses: tuple[str, ...]) -> None: ...

    def snapshot(self, now: Now) -> dict[str, Any]: ...

    def restore_contacts(self, contacts: list[dict[str, Any]], now: Now) -> Out: ...

    def on_message(self, data: bytes, source: tuple[str, str, int], now: Now) -> Out: ...


class CallMachine(Protocol):
    """The calls: take leg facts and the ends of plays and recordings, give orders."""

    def start(self, now: Now) -> list[Effect]: ...

    def on_fact(self, fact: object, now: Now) -> list[Effect]: ...

    def on_timer(self, now: Now) -> list[Effect]: ...

    def next_timeout(self) -> float | None: ...

    def hang_up(self, call: CallId, now: Now) -> list[Effect]: ...


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A SIP message came in. The network's facts are not in events: only SIP sees them."""

    data: bytes
    source: tuple[str, str, int]  # transport, host, port


@dataclass(frozen=True, slots=True)
class PeerUnreachable:
    """A SIP message could not be delivered."""

    source: tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class NameResolved:
    """A SIP trunk's host name has these addresses now."""

    host: str
    addresses: tuple[str, ...]


NetworkFact = MessageReceived | PeerUnreachable | NameResolved
Fact = CardFact | MediaFact | LegFact | NetworkFact


class Core:
    """All machines of one exchange."""

    def __init__(
        self,
        lines: Mapping[LineId, LineMachine],
        sip: SipMachine,
        sip_lines: Iterable[LineId],
        calls: CallMachine,
        tones: Mapping[ToneName, Tone],
    ) -> None:
        """``tones``: what SIP legs hear, from the office's country."""
        self._analog = tuple(lines.values())
        self._sip = sip
        self._calls = calls
        self._tones = tones
        self._by_line: dict[LineId, LineMachine] = {**lines, **dict.fromkeys(sip_lines, sip)}
        self._by_leg: dict[LegId, LineMachine] = {}
        self._tags: dict[LegId, dict[str, str]] = {}
        self._open: set[LegId] = set()  # legs that have a port in the media engine
        self._media_lost = False  # once: what was held before then has ended

    # ------------------------------------------------------------------ inputs

    def start(self, now: Now, contacts: str = "") -> list[Effect]:
        """No line is in service before its card, or its phone's registration, was heard.

        ``contacts``: the value of the setting :data:`CONTACTS` as kept from before.
        """
        for line, machine in self._by_line.items():
            if machine is not self._sip or line.startswith(SIP_PHONE_PREFIX):
                self._calls.on_fact(LineServiceChanged(line, False, NOT_HEARD), now)
        calls: Out = [*self._calls.start(now)]
        phones = self._sip.restore_contacts(_parse_contacts(contacts), now)
        sip = [*self._sip.start(now), *phones]
        return self._run([(None, calls), (self._sip, sip)], now)

    def stop(self, now: Now) -> list[Effect]:
        """An orderly end: registrations are taken back, talks go on in the media host."""
        return self._run([(self._sip, self._sip.stop(now))], now)

    def hang_up(self, call: CallId, now: Now) -> list[Effect]:
        """End a call on behalf of a console."""
        return self._run([(None, [*self._calls.hang_up(call, now)])], now)

    def on_fact(self, fact: Fact, now: Now) -> list[Effect]:
        """Take one fact from outside; returns what the dispatcher has to carry out, in order."""
        return [*_box_alarms(fact), *self._run(self._route(fact, now), now)]

    def on_timer(self, now: Now) -> list[Effect]:
        """Let every machine look at the clock."""
        run = _Run()
        for machine in (*self._analog, self._sip):
            self._carry_out(machine, machine.on_timer(now), run, now)
        self._carry_out(None, self._calls.on_timer(now), run, now)
        return self._drain(run, now)

    def next_timeout(self) -> float | None:
        """Monotonic second at which :meth:`on_timer` is due."""
        times = [machine.next_timeout() for machine in (*self._analog, self._sip)]
        times.append(self._calls.next_timeout())
        return min((time for time in times if time is not None), default=None)

    def counters(self, now: Now) -> dict[str, int]:
        """What the SIP machine counted since the start: messages received, bad, stray ..."""
        counts: dict[str, int] = self._sip.snapshot(now)["counts"]
        return {f"sip.{name}": count for name, count in counts.items()}

    # ------------------------------------------------------------------ routing of facts

    def _route(self, fact: Fact, now: Now) -> list[tuple[LineMachine | None, Out]]:
        """The machines that take this fact, each with what it answered."""
        if isinstance(fact, NetworkFact):
            return [(self._sip, self._route_network(fact, now))]
        if isinstance(fact, MediaUp):
            return [self._adopt(held, now) for held in fact.held]
        if isinstance(fact, MediaDown):
            self._media_lost = True
            return [(m, m.on_fact(fact, now)) for m in (*self._analog, self._sip)]
        if isinstance(fact, CardUp | CardDown):
            machines = [self._by_line[line] for line in fact.lines if line in self._by_line]
            return [(machine, machine.on_fact(fact, now)) for machine in machines]
        return [self._route_one(fact, now)]

    def _route_network(self, fact: NetworkFact, now: Now) -> Out:
        if isinstance(fact, PeerUnreachable):
            return self._sip.on_unreachable(fact.source, now)
        if isinstance(fact, NameResolved):
            self._sip.on_resolved(fact.host, fact.addresses)
            return []
        out = self._sip.on_message(fact.data, fact.source, now)
        return [*out, *self._kept_contacts(now)] if fact.data.startswith(b"REGISTER") else out

    def _kept_contacts(self, now: Now) -> Out:
        """Registered phones, kept over a restart: they would not call for an hour."""
        contacts = json.dumps(self._sip.snapshot(now)["contacts"])
        return [SaveSetting(CONTACTS, contacts)]

    def _route_one(self, fact: Fact, now: Now) -> tuple[LineMachine | None, Out]:
        if isinstance(fact, _FOR_CALLS):
            return None, list(self._calls.on_fact(fact, now))
        machine = self._machine_for(fact)
        if machine is None:
            return None, []  # a leg that has just been closed
        if isinstance(fact, DigitHeard) and machine is self._sip:
            key = LegDigit(fact.leg, fact.digit, fact.in_band)
            return None, list(self._calls.on_fact(key, now))
        return machine, machine.on_fact(fact, now)

    def _machine_for(self, fact: Fact) -> LineMachine | None:
        leg: LegId | None = getattr(fact, "leg", None)
        if leg is not None:
            return self._by_leg.get(leg)
        line: LineId | None = getattr(fact, "line", None)
        return self._by_line.get(line) if line is not None else None

    def _adopt(self, held: HeldLeg, now: Now) -> tuple[LineMachine | None, Out]:
        """Give a talk that the media host kept to the line it belongs to, or end it."""
        if held.leg in self._by_leg:
            return None, []
        tag = _parse_tag(held.tag)
        machine = self._by_line.get(LineId(tag.get("line", "")))
        if machine is None or "call" not in tag or self._media_lost:
            return None, [CloseLeg(held.leg)]
        self._tags[held.leg] = tag
        self._by_leg[held.leg] = machine
        self._open.add(held.leg)
        out = machine.restore(held.leg, tag.get("signalling", ""), now)
        return machine, [
            replace(o, tag=tag["call"]) if isinstance(o, LegAdopted) else o for o in out
        ]

    # ------------------------------------------------------------------ carrying out

    def _run(self, answers: list[tuple[LineMachine | None, Out]], now: Now) -> list[Effect]:
        run = _Run()
        for machine, out in answers:
            self._carry_out(machine, out, run, now)
        return self._drain(run, now)

    def _drain(self, run: _Run, now: Now) -> list[Effect]:
        while run.facts:
            fact = run.facts.popleft()
            self._carry_out(None, self._calls.on_fact(fact, now), run, now)
        return run.take()

    def _carry_out(
        self, source: LineMachine | None, out: Sequence[Effect | LegFact], run: _Run, now: Now
    ) -> None:
        for item in out:
            if isinstance(item, _LEG_FACTS):
                self._note_leg(source, item)
                run.facts.append(item)
            elif isinstance(item, _LEG_ORDERS):
                self._order(item, run, now)
            else:
                run.add(self._leave(source, cast(Effect, item)))
                if isinstance(item, OpenRtp):  # the SIP machine takes no keys; the calls do
                    run.add(Detect(item.leg, digits=True))

    def _order(self, order: LegOrder, run: _Run, now: Now) -> None:
        if isinstance(order, Originate | SetMessageWaiting):
            machine = self._by_line.get(order.line)
        else:
            machine = self._by_leg.get(order.leg)
        if machine is None:
            return  # the leg ended while the order was on its way
        if isinstance(order, Indicate) and machine is self._sip:
            run.add(PlayTone(order.leg, self._tones[order.tone], order.play))
            return
        if isinstance(order, Originate):
            self._claim(order.leg, order.line, machine)
        self._carry_out(machine, machine.on_order(order, now), run, now)

    # ------------------------------------------------------------------ who owns a leg

    def _note_leg(self, source: LineMachine | None, fact: LegFact) -> None:
        leg: LegId | None = getattr(fact, "leg", None)
        line: LineId | None = getattr(fact, "line", None)
        if source is None or leg is None:
            return
        if isinstance(fact, LegEnded) and leg not in self._open:
            self._forget(leg)
        elif line is not None:
            self._claim(leg, line, source)

    def _claim(self, leg: LegId, line: LineId, machine: LineMachine) -> None:
        self._by_leg[leg] = machine
        self._tags.setdefault(leg, {"line": line})

    def _forget(self, leg: LegId) -> None:
        self._by_leg.pop(leg, None)
        self._tags.pop(leg, None)
        self._open.discard(leg)

    def _leave(self, source: LineMachine | None, effect: Effect) -> Effect:
        """An effect on its way out: keep the books of legs and join the parts of a tag."""
        if isinstance(effect, TagLeg):
            part = "call" if source is None else "signalling"
            tag = self._tags.setdefault(effect.leg, {}) if effect.leg in self._by_leg else {}
            tag[part] = effect.tag
            return TagLeg(effect.leg, json.dumps(tag))
        if isinstance(effect, CloseLeg):
            self._forget(effect.leg)
        elif isinstance(effect, OpenCard | OpenRtp) and source is not None:
            self._open.add(effect.leg)
            self._by_leg.setdefault(effect.leg, source)
        return effect


class _Run:
    """What one fact set going: effects in order, and leg facts still to be told.

    Ports close last: when a leg ends the calls may still have to cut its recording. A port that
    opens goes behind those that close, since it may be for the same channel.
    """

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.facts: deque[LegFact] = deque()
        self._closing: list[Effect] = []

    def add(self, effect: Effect) -> None:
        """Take an effect on its way out."""
        if isinstance(effect, CloseLeg):
            self._closing.append(effect)
            return
        if isinstance(effect, OpenCard | OpenRtp):
            self.take()
        self.effects.append(effect)

    def take(self) -> list[Effect]:
        """All effects, with the ports that close behind them."""
        self.effects += self._closing
        self._closing = []
        return self.effects


def _box_alarms(fact: Fact) -> list[Effect]:
    """Parts of the box that come and go."""
    if isinstance(fact, MediaUp):
        return [ClearAlarm("media")]
    if isinstance(fact, MediaDown):
        return [RaiseAlarm("media", f"The media host is away: {fact.reason}")]
    if isinstance(fact, CardUp):
        return [ClearAlarm(f"card:{fact.card}")]
    if isinstance(fact, CardDown):
        return [RaiseAlarm(f"card:{fact.card}", fact.reason)]
    if isinstance(fact, CardAudioChanged):
        return [_sound_alarm(fact)]
    return []


def _sound_alarm(fact: CardAudioChanged) -> Effect:
    """The card's sound is a device of its own: it may fail while the card's link stands."""
    if fact.running:
        return ClearAlarm("sound")
    return RaiseAlarm("sound", f"The card's sound has stopped: {fact.reason}")


def _parse_tag(text: str) -> dict[str, str]:
    try:
        tag = json.loads(text)
    except ValueError:
        return {}
    return tag if isinstance(tag, dict) else {}


def _parse_contacts(text: str) -> list[dict[str, Any]]:
    try:
        contacts = json.loads(text or "[]")
    except ValueError:
        return []
    return contacts if isinstance(contacts, list) else []
