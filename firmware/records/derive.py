# SPDX-License-Identifier: GPL-2.0-or-later
"""From the events of one call to its record. docs/records.md says what each event holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it was written."""

    at: datetime  # aware
    kind: str
    data: Data


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """One device that was rung, or passed over, and why it did not take the call."""

    extension: str
    line: str  # "" when it was passed over without ringing
    seconds: float
    reason: str  # answered, no-answer, busy, refused, unreachable, answered-elsewhere, ...


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What is known of one call."""

    call: str
    began: datetime | None
    ended: datetime | None
    direction: str  # in, internal, out
    caller: str  # number as received or extension, "" when unknown
    caller_name: str
    presentation: str  # available, restricted, unavailable
    absence: str  # why the number is unknown
    called: str  # number dialled, or own number called
    line: str  # where the call came from
    out_line: str  # trunk or line of the last attempt outside
    scheme: str
    blocks: tuple[str, ...]  # way through the scheme
    keys: str  # what the caller pressed in menus
    queue: str
    offers: tuple[OfferRecord, ...]
    answered: bool
    answered_by: str  # who talked first: extension, or number outside
    supervision: str  # of a call out: the answer is certain, estimated or unknown
    talked_with: tuple[str, ...]  # everybody who did, in turn
    wait_s: float  # to the first answer, or to the end
    talk_s: float
    hold_s: float
    transfers: tuple[str, ...]  # "202 > 203 (blind)"
    forwards: tuple[str, ...]  # "202 > 203 (busy)"
    mailbox: str  # where a message was left
    message_s: float
    cause: int  # Q.850, 0 when interrupted
    hung_up_by: str  # caller, called, exchange, line; "" when interrupted
    merged_into: str  # call in which it went on after a transfer or pickup
    missed: bool  # came from outside and nobody took it
    interrupted: bool  # the box stopped during the call


@dataclass(slots=True)
class _Draft:
    began: datetime | None = None
    ended: datetime | None = None
    last: datetime | None = None
    arrived: Data = field(default_factory=dict)
    direction: str = "in"
    called: str = ""
    out_line: str = ""
    scheme: str = ""
    blocks: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    queue: str = ""
    ringing: dict[tuple[str, str], datetime] = field(default_factory=dict)
    offers: list[OfferRecord] = field(default_factory=list)
    talked_with: list[str] = field(default_factory=list)
    supervision: str = ""
    first_answer: datetime | None = None
    talking: datetime | None = None
    talk_s: float = 0.0
    holding: datetime | None = None
    hold_s: float = 0.0
    transfers: list[str] = field(default_factory=list)
    forwards: list[str] = field(default_factory=list)
    mailbox: str = ""
    message_s: float = 0.0
    cause: int = 0
    by: str = ""
    merged_into: str = ""

    # ------------------------------------------------------------------ the caller

    def arrives(self, event: Event) -> None:
        self.began, self.arrived = event.at, event.data
        self.direction = str(event.data.get("direction", "in"))
        self.called = str(event.data.get("called", ""))

    def is_identified(self, event: Event) -> None:
        self.arrived = {**self.arrived, **event.data}

    def dials(self, event: Event) -> None:
        self.called = str(event.data.get("number", ""))

    def enters_scheme(self, event: Event) -> None:
        self.scheme = self.scheme or str(event.data.get("scheme", ""))

    def enters_block(self, event: Event) -> None:
        self.blocks.append(str(event.data.get("block", "")))

    def presses(self, event: Event) -> None:
        self.keys.append(str(event.data.get("key", "")))

    def waits(self, event: Event) -> None:
        self.queue = str(event.data.get("queue", ""))

    # ------------------------------------------------------------------ who was rung

    def is_offered(self, event: Event) -> None:
        self.ringing[_device(event)] = event.at

    def offer_ends(self, event: Event) -> None:
        self.ringing.pop(_device(event), None)
        self._offer(_device(event), float(event.data.get("seconds", 0.0)), event)

    def is_skipped(self, event: Event) -> None:
        self._offer(_device(event), 0.0, event)

    def _offer(self, device: tuple[str, str], seconds: float, event: Event) -> None:
        self.offers.append(OfferRecord(*device, seconds, str(event.data.get("why", ""))))

    def goes_outside(self, event: Event) -> None:
        self.out_line = str(event.data.get("line", ""))
        moved = self.first_answer or self.forwards or self.scheme  # dialled was somebody inside
        if self.direction == "internal" and not moved:
            self.direction, self.called = "out", str(event.data.get("number", ""))

    # ------------------------------------------------------------------ talk

    def is_answered(self, event: Event) -> None:
        self.talking = event.at
        self.first_answer = self.first_answer or event.at
        self.supervision = self.supervision or str(event.data.get("supervision", ""))
        who = event.data.get("extension") or event.data.get("number", "")
        self.talked_with.append(str(who))

    def answer_is_lost(self, event: Event) -> None:
        self.stops_talking(event)
        self.talked_with.pop()
        if not self.talked_with:
            self.first_answer, self.talk_s = None, 0.0

    def stops_talking(self, event: Event) -> None:
        if self.talking is not None:
            self.talk_s += (event.at - self.talking).total_seconds()
            self.talking = None
        self.resumes(event)

    def holds(self, event: Event) -> None:
        self.holding = event.at

    def resumes(self, event: Event) -> None:
        if self.holding is not None:
            self.hold_s += (event.at - self.holding).total_seconds()
            self.holding = None

    def is_transferred(self, event: Event) -> None:
        to, kind = str(event.data.get("to", "")), str(event.data.get("kind", ""))
        self.transfers.append(f"{event.data.get('by', '')} > {to} ({kind})")
        if kind == "consult":
            self.resumes(event)
            self.talked_with.append(to)
        else:
            self.stops_talking(event)

    def is_forwarded(self, event: Event) -> None:
        data = event.data
        self.forwards.append(f"{data.get('extension')} > {data.get('to')} ({data.get('why')})")

    # ------------------------------------------------------------------ the end

    def leaves_message(self, event: Event) -> None:
        self.mailbox = str(event.data.get("mailbox", ""))
        self.message_s = float(event.data.get("seconds", 0.0))

    def is_merged(self, event: Event) -> None:
        self.merged_into = str(event.data.get("into", ""))

    def ends(self, event: Event) -> None:
        self.stops_talking(event)
        self.ended = event.at
        self.cause, self.by = int(event.data.get("cause", 0)), str(event.data.get("by", ""))

    def is_interrupted(self) -> None:
        """Close what the stopped box left open, at its last event."""
        if self.last is None:
            return
        last = Event(self.last, "", {})
        self.stops_talking(last)
        for (extension, line), since in self.ringing.items():
            seconds = (self.last - since).total_seconds()
            self.offers.append(OfferRecord(extension, line, seconds, "interrupted"))


_HANDLERS: Mapping[str, Callable[[_Draft, Event], None]] = {
    "arrived": _Draft.arrives,
    "identified": _Draft.is_identified,
    "dialled": _Draft.dials,
    "scheme": _Draft.enters_scheme,
    "block": _Draft.enters_block,
    "key": _Draft.presses,
    "queued": _Draft.waits,
    "offered": _Draft.is_offered,
    "offer-ended": _Draft.offer_ends,
    "skipped": _Draft.is_skipped,
    "dialling": _Draft.goes_outside,
    "answered": _Draft.is_answered,
    "answer-lost": _Draft.answer_is_lost,
    "held": _Draft.holds,
    "resumed": _Draft.resumes,
    "transferred": _Draft.is_transferred,
    "recall": _Draft.stops_talking,
    "forwarded": _Draft.is_forwarded,
    "message": _Draft.leaves_message,
    "merged": _Draft.is_merged,
    "ended": _Draft.ends,
}
"""Kinds that change the record; all others are detail for whoever reads the events."""


def derive(call: str, events: Iterable[Event]) -> CallRecord:
    """The record of one call from its events, oldest first.

    Without an `ended` event the call counts as interrupted: ask only for calls that are over.
    """
    draft = _Draft()
    for event in events:
        draft.last = event.at
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(draft, event)
    interrupted = draft.ended is None
    if interrupted:
        draft.is_interrupted()
    return _record(call, draft, interrupted)


def _record(call: str, draft: _Draft, interrupted: bool) -> CallRecord:
    caller = draft.arrived
    ended = draft.last if draft.ended is None else draft.ended
    answered = draft.first_answer is not None
    return CallRecord(
        call=call,
        began=draft.began,
        ended=ended,
        direction=draft.direction,
        caller=str(caller.get("number", "")),
        caller_name=str(caller.get("name", "")),
        presentation=str(caller.get("presentation", "")),
        absence=str(caller.get("absence", "")),
        called=draft.called,
        line=str(caller.get("line", "")),
        out_line=draft.out_line,
        scheme=draft.scheme,
        blocks=tuple(draft.blocks),
        keys="".join(draft.keys),
        queue=draft.queue,
        offers=tuple(draft.offers),
        answered=answered,
        answered_by=draft.talked_with[0] if draft.talked_with else "",
        supervision=draft.supervision,
        talked_with=tuple(draft.talked_with),
        wait_s=_seconds(draft.began, draft.first_answer or ended),
        talk_s=round(draft.talk_s, 3),
        hold_s=round(draft.hold_s, 3),
        transfers=tuple(draft.transfers),
        forwards=tuple(draft.forwards),
        mailbox=draft.mailbox,
        message_s=draft.message_s,
        cause=draft.cause,
        hung_up_by=draft.by,
        merged_into=draft.merged_into,
        missed=draft.direction == "in" and not answered,
        interrupted=interrupted,
    )


def _device(event: Event) -> tuple[str, str]:
    return str(event.data.get("extension", "")), str(event.data.get("line", ""))


def _seconds(start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None:
        return 0.0
    return round((end - start).total_seconds(), 3)
