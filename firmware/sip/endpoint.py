# SPDX-License-Identifier: GPL-2.0-or-later
"""The SIP endpoint: one pure machine for all phones and trunks.

Driven by messages (``on_message``), orders of the calls (``on_order``), media facts (``on_fact``)
and time (``on_timer``); each returns effects and leg facts in order. It decides who a message is
from and which machine takes it; the calls themselves live in ``incoming``, ``outgoing`` and
``session``. Nothing a peer sends raises an exception out of here.
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
    SendDatagram,
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
from firmware.sip.auth import DigestClient, DigestServer, Verdict
from firmware.sip.context import Context, Item
from firmware.sip.dialog import Dialog
from firmware.sip.grammar import SipError
from firmware.sip.incoming import IncomingCall, check_offer
from firmware.sip.message import BadMessage, Request, Response, note_source, parse_message, respond
from firmware.sip.names import KNOWN_METHODS
from firmware.sip.outgoing import OutgoingCall
from firmware.sip.party import Directory, called_by_trunk, caller_on_phone, caller_on_trunk
from firmware.sip.placing import phone_call, trunk_call, waiting_notices
from firmware.sip.registrar import Limits, Registrar
from firmware.sip.registration import Registration
from firmware.sip.session import Session
from firmware.sip.settings import SipAccount, SipSettings
from firmware.sip.tag import read_tag
from firmware.sip.transactions import Flow, ServerTransaction, reply_flow
from firmware.sip.uri import parse_uri
from firmware.values import Cause, LegId, LineId, Party

PORT_ORDERS = ("OpenRtp", "ConnectRtp")  # without these a call has no audio; others it survives
IN_DIALOG_ONLY = ("BYE", "INFO", "ACK", "CANCEL")


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
        self._new_leg = new_leg
        self._directory = Directory(settings)
        self._registrar = Registrar(
            Limits(settings.min_expires_s, settings.max_expires_s, settings.max_contacts)
        )
        self._digest = DigestServer(settings.realm, settings.secret, new_token, settings.digests)
        self._registrations = {
            trunk.line: Registration(self._context, trunk)
            for trunk in settings.trunks
            if trunk.register
        }
        self._methods = {
            "REGISTER": self._on_register,
            "INVITE": self._on_invite,
            "OPTIONS": self._on_options,
        }
        self.counts = dict.fromkeys(("received", "bad", "stray", "challenged", "refused"), 0)

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
        Session.adopt(self._context, leg, data, self._credentials(data.line))
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
            "counts": dict(self.counts),
        }

    def restore_contacts(self, contacts: list[dict[str, Any]], now: Now) -> list[Item]:
        """Take over the phones' registrations from ``snapshot()["contacts"]`` of before."""
        for extension in self._registrar.restore(contacts, now.mono_s):
            self._tell_phone(extension, True, "registered before the restart")
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
            self._tell_phone(extension, False, "the registration ran out")
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
        flow = Flow(*source)
        self.counts["received"] += 1
        try:
            message = parse_message(data)
        except BadMessage as error:
            self._on_bad_message(error, data, flow)
            return self._context.take()
        if isinstance(message, Response):
            if not self._context.transactions.on_response(message, now.mono_s):
                self.counts["stray"] += 1
        else:
            self._on_request(message, flow, now.mono_s)
        return self._context.take()

    def on_unreachable(self, source: tuple[str, str, int], now: Now) -> list[Item]:
        """The transport could not deliver to this address: requests waiting on it fail."""
        self._context.transactions.fail_flow(Flow(*source), now.mono_s)
        return self._context.take()

    def on_resolved(self, host: str, addresses: tuple[str, ...]) -> None:
        """The transport resolved a trunk's host name; calls from these addresses are its."""
        self._directory.resolved(host, addresses)

    def _on_bad_message(self, error: BadMessage, data: bytes, source: Flow) -> None:
        """Answer with what can be echoed; what is no request is dropped and counted."""
        if not data.strip(b"\r\n\0 "):
            return  # keep-alive
        self.counts["bad"] += 1
        if error.request is not None:
            self._answer_statelessly(error.request, error, source)

    def _on_request(self, request: Request, source: Flow, now_s: float) -> None:
        note_source(request, source.host, source.port)
        transactions = self._context.transactions
        try:
            if transactions.absorbs(request):
                transactions.on_request(request, source, now_s)
            elif request.method == "CANCEL":
                self._on_cancel(request, source, now_s)
            elif request.recipient.tag:
                self._in_dialog(request, source, now_s)
            elif transactions.is_merged(request):
                raise SipError("The same request came by another way", 482)
            else:
                self._out_of_dialog(request, source, now_s)
        except SipError as error:
            self.counts["refused"] += 1
            self._answer_statelessly(request, error, source)

    def _out_of_dialog(self, request: Request, source: Flow, now_s: float) -> None:
        """RFC 3261 8.2: method, Request-URI, extensions, then the method's own rules."""
        handler = self._methods.get(request.method)
        if handler is None:
            raise SipError("Method not taken", _code_for_method(request.method))
        uri = parse_uri(request.uri)
        if uri.scheme not in ("sip", "sips", "tel"):
            raise SipError("Unsupported URI scheme", 416)
        if request.items("Require"):
            raise SipError("Bad extension", 420)
        handler(request, source, now_s)

    def _in_dialog(self, request: Request, source: Flow, now_s: float) -> None:
        key = (request.call_id, request.recipient.tag, request.sender.tag)
        machine = self._context.dialogs.get(key)
        if request.method == "ACK":
            if machine is not None:
                machine.on_request(None, request, now_s)
            return
        if machine is None:
            raise SipError("No such dialog", 481)
        if request.items("Require"):
            raise SipError("Bad extension", 420)
        if request.method == "INVITE":
            check_offer(request)
        transaction = self._transaction(request, source, now_s)
        machine.on_request(transaction, request, now_s)

    def _on_cancel(self, request: Request, source: Flow, now_s: float) -> None:
        """Stateless: the same CANCEL twice gets the same answer (RFC 3261 9.2)."""
        transaction = self._context.transactions.invite_of(request)
        if transaction is None or transaction.source.host != source.host:
            raise SipError("Nothing to cancel", 481)
        self._send_response(respond(request, 200, self._context.stable_tag(request)), source)
        if transaction.on_cancel is not None and not transaction.answered:
            transaction.on_cancel(request, now_s)

    def _on_options(self, request: Request, source: Flow, now_s: float) -> None:
        response = respond(request, 200, self._context.stable_tag(request))
        response.headers["Accept"] = ["application/sdp"]
        self._send_response(self._context.decorate(response), source)

    # ------------------------------------------------------------------ phones log in

    def _account(self, request: Request, source: Flow, now_s: float) -> SipAccount | None:
        """The account that proves itself; None when a challenge was sent. Raises SipError(403).

        Names that do not exist get the same answers as those that do.
        """
        values = request.headers.get("Authorization", [])
        verdict, name = self._digest.check(
            values, request.method, request.uri, self._directory.password, now_s
        )
        if verdict is Verdict.ACCEPTED:
            return self._directory.accounts[name]
        if verdict is Verdict.WRONG:
            raise SipError("Wrong name or password", 403)
        self.counts["challenged"] += 1
        response = respond(request, 401, self._context.stable_tag(request))
        stale = verdict is Verdict.STALE
        response.headers["WWW-Authenticate"] = self._digest.challenge(now_s, stale)
        self._send_response(response, source)
        return None

    def _on_register(self, request: Request, source: Flow, now_s: float) -> None:
        account = self._account(request, source, now_s)
        if account is None:
            return
        extension = account.extension
        if request.recipient.uri.username != extension:
            raise SipError("Another's registration", 403)
        transaction = self._transaction(request, source, now_s)
        was = bool(self._registrar.contacts(extension, now_s))
        try:
            contacts = self._registrar.register(extension, request, source, now_s)
        except SipError as error:
            transaction.respond(self._refusal(request, error), now_s)
            return
        response = respond(request, 200, self._context.stable_tag(request))
        if contacts:
            response.headers["Contact"] = contacts
        transaction.respond(self._context.decorate(response), now_s)
        if was != bool(contacts):
            self._tell_phone(extension, bool(contacts), "registered" if contacts else "logged out")

    def _tell_phone(self, extension: str, in_service: bool, reason: str) -> None:
        account = self._directory.accounts.get(extension)
        if account is not None:
            self._context.emit(LineServiceChanged(account.line, in_service, reason))

    # ------------------------------------------------------------------ calls come in

    def _on_invite(self, request: Request, source: Flow, now_s: float) -> None:
        there = self._registrar.knows_source(source)
        trunk = self._directory.trunk_of(request, source, there)
        if trunk is not None:
            arrival = caller_on_trunk(trunk, request), called_by_trunk(trunk, request)
            self._accept_call(trunk.line, arrival, request, source, now_s)
            return
        account = self._account(request, source, now_s)
        if account is not None:
            arrival = caller_on_phone(account, request), parse_uri(request.uri).number
            self._accept_call(account.line, arrival, request, source, now_s)

    def _accept_call(
        self,
        line: LineId,
        arrival: tuple[Party, str],
        request: Request,
        source: Flow,
        now_s: float,
    ) -> None:
        check_offer(request)
        if not arrival[1]:
            raise SipError("No number was dialled", 484)
        if len(self._context.legs) >= self._settings.max_legs:
            raise SipError("Too many calls", 503)
        tag = self._context.stable_tag(request)
        dialog = Dialog.of_server(request, tag, source, line in self._directory.phones)
        transaction = self._transaction(request, source, now_s)
        call = IncomingCall(
            self._context,
            self._new_leg(),
            line,
            transaction,
            request,
            dialog,
            arrival,
            self._credentials(line),
        )
        try:
            call.start(now_s)
        except SipError as error:
            transaction.respond(self._refusal(request, error), now_s)

    def _credentials(self, line: LineId) -> DigestClient | None:
        trunk = self._directory.trunks.get(line)
        return DigestClient(trunk.username, trunk.password) if trunk and trunk.username else None

    # ------------------------------------------------------------------ answers

    def _transaction(self, request: Request, source: Flow, now_s: float) -> ServerTransaction:
        transaction = self._context.transactions.on_request(request, source, now_s)
        assert transaction is not None  # retransmissions were absorbed before
        return transaction

    def _refusal(self, request: Request, error: SipError) -> Response:
        response = respond(request, error.code, self._context.stable_tag(request))
        if error.code == 405:
            self._context.decorate(response)
        elif error.code == 415:
            response.headers["Accept"] = ["application/sdp"]
        elif error.code == 420:
            response.headers["Unsupported"] = [", ".join(request.items("Require"))]
        elif error.code == 423:
            response.headers["Min-Expires"] = [str(self._settings.min_expires_s)]
        elif error.code == 503:
            response.headers["Retry-After"] = ["10"]
        return response

    def _answer_statelessly(self, request: Request, error: SipError, source: Flow) -> None:
        """Answer without keeping anything (RFC 3261 8.2.7); strangers cost no memory."""
        if request.method != "ACK":
            self._send_response(self._refusal(request, error), source, request)

    def _send_response(
        self, response: Response, source: Flow, request: Request | None = None
    ) -> None:
        try:
            flow = reply_flow((request or response).via, source)
        except SipError:
            flow = source  # an unreadable Via is echoed, but does not say where to
        self._context.emit(SendDatagram(*flow, response.to_bytes()))


def _code_for_method(method: str) -> int:
    if method in IN_DIALOG_ONLY:
        return 481
    return 405 if method in KNOWN_METHODS else 501
