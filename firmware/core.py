# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange without its sockets: every machine, joined in one direction.

A fact goes to the machine that owns its line or leg. What comes out is carried on at once: leg
orders down to the line and SIP machines, leg facts up to the calls, everything else out to the
dispatcher in the order it was given. Facts that arise on the way wait until the orders before
them are done, so no machine ever sees the world between two of its own orders. Pure.

The machines are in :mod:`firmware.machines`, who owns a leg in :mod:`firmware.legbook`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from firmware.boxalarms import box_alarms
from firmware.clock import Now
from firmware.effects import (
    CloseLeg,
    Detect,
    Effect,
    Indicate,
    LegOrder,
    OpenRtp,
    Originate,
    PlayTone,
    SaveSetting,
    SetMessageWaiting,
)
from firmware.events import (
    CardDown,
    CardUp,
    DigitHeard,
    HeldLeg,
    LegAdopted,
    LegDigit,
    LegFact,
    LineServiceChanged,
    MediaDown,
    MediaUp,
    PlayEnded,
    RecordEnded,
)
from firmware.legbook import LegBook, parse_tag
from firmware.machines import (
    CallMachine,
    Fact,
    LineMachine,
    NameResolved,
    NetworkFact,
    Out,
    PeerUnreachable,
    SipMachine,
)
from firmware.turn import Turn
from firmware.values import CallId, LegId, LineId, Tone, ToneName

SIP_PHONE_PREFIX = "sip:"  # lines of phones; trunks have names of their own
CONTACTS = "sip-contacts"  # setting that keeps registered phones over a restart
NOT_HEARD = "its card was not heard yet"
NOT_REGISTERED = "not registered"

_LEG_FACTS = get_args(LegFact)
_LEG_ORDERS = get_args(LegOrder)
_FOR_CALLS = (PlayEnded, RecordEnded, *_LEG_FACTS)


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
        self._legs = LegBook()
        self._kept: dict[tuple[str, str], float] = {}  # phones as last written, until (s)
        self._media_lost = False  # once: what was held before then has ended

    # ------------------------------------------------------------------ inputs

    def start(self, now: Now, contacts: str = "") -> list[Effect]:
        """No line is in service before its card, or its phone's registration, was heard.

        ``contacts``: the value of the setting :data:`CONTACTS` as kept from before.
        """
        for line, machine in self._by_line.items():
            if machine is not self._sip or line.startswith(SIP_PHONE_PREFIX):
                reason = NOT_REGISTERED if machine is self._sip else NOT_HEARD
                self._calls.on_fact(LineServiceChanged(line, False, reason), now)
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
        return [*box_alarms(fact), *self._run(self._route(fact, now), now)]

    def on_timer(self, now: Now) -> list[Effect]:
        """Let every machine look at the clock."""
        turn = Turn()
        for machine in (*self._analog, self._sip):
            self._carry_out(machine, machine.on_timer(now), turn, now)
        self._carry_out(None, self._calls.on_timer(now), turn, now)
        return self._drain(turn, now)

    def next_timeout(self) -> float | None:
        """Monotonic second at which :meth:`on_timer` is due."""
        times = [machine.next_timeout() for machine in (*self._analog, self._sip)]
        times.append(self._calls.next_timeout())
        return min((time for time in times if time is not None), default=None)

    def counters(self, now: Now) -> dict[str, int]:
        """What the SIP machine counted since the start: messages received, bad, stray ..."""
        counts: dict[str, int] = self._sip.snapshot(now)["counts"]
        return {f"sip.{name}": count for name, count in counts.items()}

    @property
    def books(self) -> tuple[int, int, int]:
        """How many legs have an owner, a tag, a port: all zero when no call is left."""
        return self._legs.sizes

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
        """Registered phones, kept over a restart: they would not call for an hour.

        Written only when a phone came, went or renewed, not for whoever knocks without a password.
        """
        contacts = self._sip.snapshot(now)["contacts"]
        until = {(c["extension"], c["contact"]): now.mono_s + c["expires_s"] for c in contacts}
        renewed = any(until[key] > self._kept.get(key, 0.0) + 1.0 for key in until)
        if until.keys() == self._kept.keys() and not renewed:
            return []
        self._kept = until
        return [SaveSetting(CONTACTS, json.dumps(contacts))]

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
            return self._legs.owner(leg)
        line: LineId | None = getattr(fact, "line", None)
        return self._by_line.get(line) if line is not None else None

    def _adopt(self, held: HeldLeg, now: Now) -> tuple[LineMachine | None, Out]:
        """Give a talk that the media host kept to the line it belongs to, or end it."""
        if self._legs.owner(held.leg) is not None:
            return None, []
        tag = parse_tag(held.tag)
        machine = self._by_line.get(LineId(tag.get("line", "")))
        if machine is None or "call" not in tag or self._media_lost:
            return None, [CloseLeg(held.leg)]
        self._legs.adopt(held.leg, machine, tag)
        out = machine.restore(held.leg, tag.get("signalling", ""), now)
        return machine, [
            replace(o, tag=tag["call"]) if isinstance(o, LegAdopted) else o for o in out
        ]

    # ------------------------------------------------------------------ carrying out

    def _run(self, answers: list[tuple[LineMachine | None, Out]], now: Now) -> list[Effect]:
        turn = Turn()
        for machine, out in answers:
            self._carry_out(machine, out, turn, now)
        return self._drain(turn, now)

    def _drain(self, turn: Turn, now: Now) -> list[Effect]:
        while turn.facts:
            fact = turn.facts.popleft()
            self._carry_out(None, self._calls.on_fact(fact, now), turn, now)
        return turn.take()

    def _carry_out(
        self, source: LineMachine | None, out: Sequence[Effect | LegFact], turn: Turn, now: Now
    ) -> None:
        for item in out:
            if isinstance(item, _LEG_FACTS):
                self._legs.note(source, item)
                turn.facts.append(item)
            elif isinstance(item, _LEG_ORDERS):
                self._order(item, turn, now)
            else:
                turn.add(self._legs.leave(source, cast(Effect, item)))
                if isinstance(item, OpenRtp):  # the SIP machine takes no keys; the calls do
                    turn.add(Detect(item.leg, digits=True))

    def _order(self, order: LegOrder, turn: Turn, now: Now) -> None:
        if isinstance(order, Originate | SetMessageWaiting):
            machine = self._by_line.get(order.line)
        else:
            machine = self._legs.owner(order.leg)
        if machine is None:
            return  # the leg ended while the order was on its way
        if isinstance(order, Indicate) and machine is self._sip:
            turn.add(PlayTone(order.leg, self._tones[order.tone], order.play))
            return
        if isinstance(order, Originate):
            self._legs.claim(order.leg, order.line, machine)
        self._carry_out(machine, machine.on_order(order, now), turn, now)


def _parse_contacts(text: str) -> list[dict[str, Any]]:
    try:
        contacts = json.loads(text or "[]")
    except ValueError:
        return []
    return contacts if isinstance(contacts, list) else []
