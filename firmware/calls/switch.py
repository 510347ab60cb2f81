# SPDX-License-Identifier: GPL-2.0-or-later
"""The switch: every fact about a leg goes to the call it belongs to; effects come back.

Leg facts and the media facts PlayEnded and RecordEnded in; leg orders, media orders, record
events, mailbox and setting orders out. Driven by `firmware.core`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from firmware.calls import transfer
from firmware.calls.activity import Activity
from firmware.calls.adopt import Adoption
from firmware.calls.agents import Agents
from firmware.calls.call import Call
from firmware.calls.context import Context, Ids, Speech
from firmware.calls.features import activity_for
from firmware.calls.leg import Leg
from firmware.calls.mailboxes import Mailboxes
from firmware.calls.queue import distribute
from firmware.calls.settings import Settings
from firmware.calls.snapshot import snapshot
from firmware.calls.states import LegState
from firmware.clock import Now
from firmware.effects import Effect
from firmware.events import (
    LegAdopted,
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegDialled,
    LegDigit,
    LegEnded,
    LegFlashed,
    LegHeld,
    LegIdentified,
    LegResumed,
    LegSeized,
    LegTransferRequested,
    LineIdle,
    LineServiceChanged,
    PlayEnded,
    RecordEnded,
)
from firmware.routing.steps import ToScheme
from firmware.routing.table import Table
from firmware.values import CallId, Cause, LegId, LineKind, Message, Party
from firmware.views import Snapshot

OFF_HOOK_RETRY_S = 10.0  # should a LineIdle be lost, ringing shows whether the handset is down


class Switch:
    """All calls, queues and agents of one box."""

    def __init__(
        self,
        table: Table,
        speech: Speech,
        ids: Ids,
        now: Now,
        *,
        voicemail_folder: str,
        messages: Iterable[Message] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`voicemail_folder` holds one folder per mailbox; `messages` and `settings` are what
        `firmware.records` kept. Call `start` once the line machines take orders."""
        self._ctx = ctx = Context(table, speech, ids, now)
        ctx.settings = Settings(ctx, settings or {})
        ctx.agents = Agents(ctx, ctx.settings.signed_off())
        ctx.mailboxes = Mailboxes(ctx, voicemail_folder, messages)
        ctx.activity_for = activity_for
        self._adoption = Adoption(ctx)

    # ------------------------------------------------------------------ inputs

    def start(self, now: Now) -> list[Effect]:
        """Show waiting messages on every telephone."""
        self._ctx.now = now
        for extension in self._ctx.table.people:
            self._ctx.mailboxes.show(extension)
        return self._take()

    def on_fact(self, fact: object, now: Now) -> list[Effect]:
        """A leg fact, PlayEnded or RecordEnded; others, and those of unknown legs, are void."""
        self._ctx.now = now
        handler = _HANDLERS.get(type(fact))
        if handler is not None:
            handler(self, fact)
            distribute(self._ctx)
        return self._take()

    def on_timer(self, now: Now) -> list[Effect]:
        """Whatever is due by now."""
        self._ctx.now = now
        for call in tuple(self._ctx.calls.values()):
            top = call.top
            due = None if top is None else top.next_timeout()
            if top is not None and due is not None and due <= now.mono_s:
                top.on_timer()
        self._adoption.on_timer()
        self._ctx.mailboxes.on_timer()
        for line, again in tuple(self._ctx.off_hook.items()):
            if again <= now.mono_s:
                del self._ctx.off_hook[line]
        distribute(self._ctx)
        return self._take()

    def next_timeout(self) -> float | None:
        """Monotonic second at which `on_timer` is due, None for never."""
        tops = (call.top for call in self._ctx.calls.values())
        times = [top.next_timeout() for top in tops if top is not None]
        times += [self._adoption.next_timeout(), self._ctx.mailboxes.next_timeout()]
        times += list(self._ctx.off_hook.values())
        return min((time for time in times if time is not None), default=None)

    def set_table(self, table: Table, now: Now) -> list[Effect]:
        """Use another table for calls that begin from now on; agents keep their state."""
        self._ctx.now, self._ctx.table = now, table
        for line in [line for line in self._ctx.out_of_service if line not in table.lines]:
            del self._ctx.out_of_service[line]
        distribute(self._ctx)
        return self._take()

    def hang_up(self, call: CallId, now: Now) -> list[Effect]:
        """End a call on behalf of an operator; an unknown one is over already."""
        self._ctx.now = now
        if call in self._ctx.calls:
            self._ctx.calls[call].hang_up(Cause.NORMAL)
        distribute(self._ctx)
        return self._take()

    def snapshot(self, now: Now) -> Snapshot:
        """Lines, calls, queues and agents as plain data."""
        self._ctx.now = now
        return snapshot(self._ctx)

    @property
    def empty(self) -> bool:
        """No leg and no call is left."""
        return not self._ctx.legs and not self._ctx.calls

    @property
    def call_ids(self) -> frozenset[CallId]:
        """Calls that are alive."""
        return frozenset(self._ctx.calls)

    def _take(self) -> list[Effect]:
        out, self._ctx.out = self._ctx.out, []
        return out

    def _leg(self, leg: LegId) -> Leg | None:
        return self._ctx.legs.get(leg)

    # ------------------------------------------------------------------ callers

    def _seized(self, fact: LegSeized) -> None:
        self._ctx.off_hook.pop(fact.line, None)
        person = self._ctx.table.person(self._ctx.table.owner_of(fact.line) or "")
        party = Party() if person is None else Party(person.extension, person.name)
        self._ctx.new_leg(fact.leg, fact.line, party, LegState.SEIZED)

    def _dialled(self, fact: LegDialled) -> None:
        leg = self._leg(fact.leg)
        if leg is None or leg.state is not LegState.SEIZED:
            return
        if not fact.number and leg.held is not None:
            transfer.back_to_held(leg)
            return
        leg.state = LegState.CALLING
        self._dial(self._new_call(leg, "internal"), leg, fact.number)

    def _arrived(self, fact: LegArrived) -> None:
        kind = self._ctx.kind_of(fact.line)
        if kind is LineKind.SIP_PHONE:
            self._seized(LegSeized(fact.leg, fact.line))
            self._dialled(LegDialled(fact.leg, fact.line, fact.called))
            return
        leg = self._ctx.new_leg(fact.leg, fact.line, fact.caller, LegState.CALLING)
        call = self._new_call(leg, "in", fact.called)
        scheme = call.table.start_of(fact.line, fact.called)
        if scheme is not None:
            call.go(ToScheme(scheme))
        elif kind is LineKind.SIP_TRUNK:
            call.hang_up(Cause.UNALLOCATED)

    def _new_call(self, leg: Leg, direction: str, called: str = "") -> Call:
        call = Call(self._ctx, self._ctx.ids.new_call(), self._ctx.table, leg, direction)
        call.dialled = called
        party = leg.party
        call.write(
            "arrived",
            line=leg.line,
            direction=direction,
            extension=leg.owner,
            number=party.number,
            name=party.name,
            presentation=party.presentation.value,
            absence=party.absence,
            called=called,
        )
        return call

    def _dial(self, call: Call, leg: Leg, number: str) -> None:
        call.dialled = number
        destination = call.table.dial(leg.owner or None, number)
        call.write("dialled", number=number, to=type(destination).__name__)
        call.go(destination)

    def _identified(self, fact: LegIdentified) -> None:
        leg = self._leg(fact.leg)
        if leg is None:
            return
        leg.party = fact.caller
        if leg.call is not None:
            if leg is leg.call.origin:
                leg.call.caller = fact.caller
            leg.call.write(
                "identified",
                number=fact.caller.number,
                name=fact.caller.name,
                presentation=fact.caller.presentation.value,
                absence=fact.caller.absence,
            )

    # ------------------------------------------------------------------ progress of legs

    def _alerting(self, fact: LegAlerting) -> None:
        self._outgoing(fact.leg, lambda top, leg: top.on_alerting(leg, fact.early_media))

    def _answered(self, fact: LegAnswered) -> None:
        def answered(top: Activity, leg: Leg) -> None:
            leg.state, leg.supervision = LegState.ANSWERED, fact.supervision
            top.on_answered(leg)

        self._outgoing(fact.leg, answered)

    def _outgoing(self, id: LegId, act: Callable[[Activity, Leg], None]) -> None:
        leg = self._leg(id)
        if leg is None or leg.state is not LegState.RINGING:
            return
        if leg.call is not None and leg.call.top is not None:
            act(leg.call.top, leg)

    def _ended(self, fact: LegEnded) -> None:
        leg = self._ctx.legs.pop(fact.leg, None)
        if leg is None:
            return
        self._note_off_hook(leg, fact)
        leg.state = LegState.ENDED
        self._ctx.agents.leg_ended(leg)
        self._adoption.on_ended(leg)
        if leg.held is not None:
            transfer.hung_up(leg)
        elif leg.call is not None:
            leg.call.on_ended(leg, fact.cause, fact.by_far_end, fact.busy_tone_s)

    def _note_off_hook(self, leg: Leg, fact: LegEnded) -> None:
        """A telephone whose handset may still be up: it cannot ring until it is put down."""
        if leg.kind is not LineKind.FXS:
            return
        up = leg.state is LegState.RINGING and fact.cause is Cause.BUSY
        if up or (leg.lifted and not fact.by_far_end):
            self._ctx.off_hook[leg.line] = self._ctx.now.mono_s + OFF_HOOK_RETRY_S

    # ------------------------------------------------------------------ established legs

    def _digit(self, fact: LegDigit) -> None:
        leg = self._leg(fact.leg)
        if leg is not None and leg.call is not None:
            leg.call.on_digit(leg, fact.digit, fact.in_band)

    def _flashed(self, fact: LegFlashed) -> None:
        leg = self._leg(fact.leg)
        if leg is not None and leg.state is not LegState.RELEASING:
            transfer.flashed(self._ctx, leg)

    def _held(self, fact: LegHeld) -> None:
        if (leg := self._leg(fact.leg)) is not None:
            transfer.hold_by_far_side(leg, True)

    def _resumed(self, fact: LegResumed) -> None:
        if (leg := self._leg(fact.leg)) is not None:
            transfer.hold_by_far_side(leg, False)

    def _transfer(self, fact: LegTransferRequested) -> None:
        if (leg := self._leg(fact.leg)) is not None:
            transfer.requested(leg, fact.number)

    # ------------------------------------------------------------------ lines and media

    def _service(self, fact: LineServiceChanged) -> None:
        if not fact.in_service:
            self._ctx.out_of_service[fact.line] = fact.reason
            return
        self._ctx.out_of_service.pop(fact.line, None)
        self._ctx.off_hook.pop(fact.line, None)
        owner = self._ctx.table.owner_of(fact.line)
        if owner:
            self._ctx.mailboxes.show_on(fact.line, owner)

    def _idle(self, fact: LineIdle) -> None:
        self._ctx.off_hook.pop(fact.line, None)

    def _adopted(self, fact: LegAdopted) -> None:
        self._adoption.on_adopted(fact)

    def _play_ended(self, fact: PlayEnded) -> None:
        leg = self._leg(fact.leg)
        if leg is None:
            return
        self._ctx.played(leg, fact.play, fact.reason)
        top = None if leg.call is None else leg.call.top
        if top is not None and leg.call is not None and leg is leg.call.served:
            top.on_play_ended(fact)

    def _record_ended(self, fact: RecordEnded) -> None:
        self._ctx.mailboxes.on_record_ended(fact)
        leg = self._leg(fact.leg)
        if leg is not None and leg.call is not None and leg.call.top is not None:
            leg.call.top.on_record_ended(fact)


_HANDLERS: Mapping[type, Callable[[Any, Any], None]] = {
    LegSeized: Switch._seized,
    LegDialled: Switch._dialled,
    LegArrived: Switch._arrived,
    LegIdentified: Switch._identified,
    LegAlerting: Switch._alerting,
    LegAnswered: Switch._answered,
    LegDigit: Switch._digit,
    LegFlashed: Switch._flashed,
    LegHeld: Switch._held,
    LegResumed: Switch._resumed,
    LegTransferRequested: Switch._transfer,
    LegEnded: Switch._ended,
    LineServiceChanged: Switch._service,
    LineIdle: Switch._idle,
    LegAdopted: Switch._adopted,
    PlayEnded: Switch._play_ended,
    RecordEnded: Switch._record_ended,
}
