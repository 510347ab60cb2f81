# SPDX-License-Identifier: GPL-2.0-or-later
"""The SIP endpoint: one pure machine for all phones and trunks.

Driven by messages (``on_message``), orders of the calls (``on_order``), media facts (``on_fact``)
and time (``on_timer``); each returns effects and leg facts in order. Messages go through ``gate``;
the calls themselves live in ``incoming``, ``outgoing`` and ``session``. Nothing a peer sends raises
an exception out of here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.clock import Now
from firmware.effects import (
    Alert,
    Answer,
    CloseLeg,
    HoldLeg,
    Originate,
    Release,
    SetMessageWaiting,
)
from firmware.events import (
    LegAdopted,
    LegEnded,
    LineServiceChanged,
    MediaDown,
    MediaFailed,
    RtpLost,
    RtpOpened,
)
from firmware.sip.context import Context, Item
from firmware.sip.gate import Gate
from firmware.sip.grammar import SipError
from firmware.sip.outgoing import OutgoingCall
from firmware.sip.party import Directory
from firmware.sip.placing import phone_call, trunk_call, waiting_notices
from firmware.sip.registrar import Limits, Registrar
from firmware.sip.registration import Registration
from firmware.sip.session import Session
from firmware.sip.settings import SipSettings
from firmware.sip.tag import read_tag
from firmware.sip.transactions import Flow
from firmware.values import Cause, LegId, LineId

PORT_ORDERS = ("OpenRtp", "ConnectRtp")  # without these a call has no audio; others it survives


class SipEndpoint:
    """All SIP of one exchange.

    ``new_leg`` gives numbers of legs; ``new_token`` gives at least 16 unguessable hexadecimal
    digits for tags, branches, Call-IDs and nonces.
    """

    def __init__(
        self,
        settings: SipSettings,
        new_leg: Callable[[], LegId],
        new_token: Callable[[], str],
    ) -> None:
        self._context = Context(settings, new_token)
        self._settings = settings
        self._directory = Directory(settings)
        self._registrar = Registrar(
            Limits(settings.min_expires_s, settings.max_expires_s, settings.max_contacts)
        )
        self._gate = Gate(self._context, self._directory, self._registrar, new_leg)
        self._registrations = {
            trunk.line: Registration(self._context, trunk)
            for trunk in settings.trunks
            if trunk.register
        }

    # ------------------------------------------------------------------ life

    def start(self, now: Now) -> list[Item]:
        """Begin: register with providers, report trunks that need no registration."""
        for line in self._directory.trunks:
            if line not in self._registrations:
                self._context.emit(LineServiceChanged(line, True, "reached by address"))
        for registration in self._registrations.values():
            registration.start(now.mono_s)
        return self._context.take()

    def stop(self, now: Now) -> list[Item]:
        """Orderly end of the exchange: take registrations back. Calls go on in the media host."""
        for registration in self._registrations.values():
            registration.stop(now.mono_s)
        return self._context.take()

    def restore(self, leg: LegId, tag: str, now: Now) -> list[Item]:
        """Adopt an answered leg from what TagLeg kept; CloseLeg when that cannot be read."""
        try:
            data = read_tag(tag)
            if not self._directory.owns(data.line):
                raise SipError(f"The line {data.line} is no longer in the office")
        except SipError:
            return [CloseLeg(leg)]
        Session.adopt(self._context, leg, data, self._directory.credentials(data.line))
        return [*self._context.take(), LegAdopted(leg, data.line, tag)]

    # ------------------------------------------------------------------ questions

    def owns_line(self, line: LineId) -> bool:
        return self._directory.owns(line)

    def owns_leg(self, leg: LegId) -> bool:
        return leg in self._context.legs

    def lines(self) -> list[LineId]:
        """Every line of this machine: phones, then trunks."""
        return [*self._directory.phones, *self._directory.trunks]

    def is_registered(self, line: LineId, now: Now) -> bool:
        """Whether a call to this line has somewhere to go."""
        account = self._directory.phones.get(line)
        if account is not None:
            return bool(self._registrar.contacts(account.extension, now.mono_s))
        registration = self._registrations.get(line)
        return registration.in_service if registration else line in self._directory.trunks

    def snapshot(self, now: Now) -> dict[str, Any]:
        """State for the console, as plain data."""
        return {
            "contacts": self._registrar.to_data(now.mono_s),
            "trunks": {
                str(line): {"state": r.state.value, "reason": r.reason}
                for line, r in self._registrations.items()
            },
            "legs": {
                int(leg): {"line": str(machine.line), "state": machine.state_name}
                for leg, machine in self._context.legs.items()
            },
            "transactions": len(self._context.transactions),
            "counts": dict(self._gate.counts),
        }

    def restore_contacts(self, contacts: list[dict[str, Any]], now: Now) -> list[Item]:
        """Take over the phones' registrations from ``snapshot()["contacts"]`` of before."""
        for extension in self._registrar.restore(contacts, now.mono_s):
            self._gate.tell_phone(extension, True, "registered before the restart")
        return self._context.take()

    # ------------------------------------------------------------------ time

    def next_timeout(self) -> float | None:
        """Monotonic second at which :meth:`on_timer` is due."""
        context = self._context
        due = (
            context.transactions.next_timeout(),
            context.deadlines.next(),
            self._registrar.next_timeout(),
        )
        return min((at for at in due if at is not None), default=None)

    def on_timer(self, now: Now) -> list[Item]:
        """Let everything that is due act."""
        self._context.transactions.on_timer(now.mono_s)
        for machine in self._context.deadlines.pop_due(now.mono_s):
            machine.on_timer(now.mono_s)
        for extension in self._registrar.expire(now.mono_s):
            self._gate.tell_phone(extension, False, "the registration ran out")
        return self._context.take()

    # ------------------------------------------------------------------ orders and media

    def on_order(self, order: object, now: Now) -> list[Item]:
        """Carry out a leg order; orders for legs that have ended, or not for SIP, do nothing."""
        if isinstance(order, Originate):
            self._originate(order, now.mono_s)
        elif isinstance(order, SetMessageWaiting):
            self._tell_waiting(order, now.mono_s)
        elif isinstance(order, Alert | Answer | Release | HoldLeg):
            self._order_leg(order, now.mono_s)
        return self._context.take()

    def on_fact(self, fact: object, now: Now) -> list[Item]:
        """Take a media fact: RtpOpened, MediaFailed, RtpLost, MediaDown; others do nothing."""
        if isinstance(fact, MediaDown):
            for machine in list(self._context.legs.values()):
                machine.release(Cause.TEMPORARY_FAILURE, now.mono_s)
            return self._context.take()
        leg = getattr(fact, "leg", None)
        owner = self._context.legs.get(leg) if leg is not None else None
        if owner is None:
            return []
        if isinstance(fact, RtpOpened):
            owner.on_media(fact, now.mono_s)
        elif isinstance(fact, MediaFailed) and fact.order in PORT_ORDERS:
            owner.on_media(None, now.mono_s)
        elif isinstance(fact, RtpLost):
            owner.on_rtp_lost(now.mono_s)
        return self._context.take()

    def _order_leg(self, order: Alert | Answer | Release | HoldLeg, now_s: float) -> None:
        machine = self._context.legs.get(order.leg)
        if machine is None:
            return
        if isinstance(order, Alert):
            machine.alert(now_s)
        elif isinstance(order, Answer):
            machine.answer(now_s)
        elif isinstance(order, Release):
            machine.release(order.cause, now_s)
        else:
            machine.hold(order.held, now_s)

    def _originate(self, order: Originate, now_s: float) -> None:
        account = self._directory.phones.get(order.line)
        if account is not None:
            contacts = self._registrar.contacts(account.extension, now_s)
            targets, invitation = phone_call(self._settings, account, contacts, order)
            absence = Cause.SUBSCRIBER_ABSENT
        else:
            trunk = self._directory.trunks[order.line]
            registration = self._registrations.get(order.line)
            up = registration is None or registration.in_service
            targets, invitation = trunk_call(self._settings, trunk, up, order)
            absence = Cause.NETWORK_OUT_OF_ORDER
        if not targets:
            self._context.emit(LegEnded(order.leg, absence, False))
            return
        OutgoingCall(self._context, order.leg, order.line, targets, invitation).start(now_s)

    def _tell_waiting(self, order: SetMessageWaiting, now_s: float) -> None:
        account = self._directory.phones.get(order.line)
        if account is not None:
            contacts = self._registrar.contacts(account.extension, now_s)
            waiting_notices(self._context, account, contacts, order.waiting, now_s)

    # ------------------------------------------------------------------ the network

    def on_message(self, data: bytes, source: tuple[str, str, int], now: Now) -> list[Item]:
        """A datagram, or a message that the framer cut from a stream.

        ``source`` is transport ("udp" or "tcp"), address and port of the sender.
        """
        self._gate.on_message(data, Flow(*source), now.mono_s)
        return self._context.take()

    def on_unreachable(self, source: tuple[str, str, int], now: Now) -> list[Item]:
        """The transport could not deliver to this address: requests waiting on it fail."""
        self._context.transactions.fail_flow(Flow(*source), now.mono_s)
        return self._context.take()

    def on_resolved(self, host: str, addresses: tuple[str, ...]) -> None:
        """The transport resolved a trunk's host name; calls from these addresses are its."""
        self._directory.resolved(host, addresses)
