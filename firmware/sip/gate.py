# SPDX-License-Identifier: GPL-2.0-or-later
"""The door to the network: who a request is from, whether it may come in, which machine takes it.

Whoever cannot be let in is answered without anything being kept (RFC 3261 8.2.7), so strangers
cost no memory, and learn nothing about which names exist. Pure; driven by the endpoint.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.effects import SendDatagram
from firmware.events import LineServiceChanged
from firmware.sip.auth import DigestServer, Verdict
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.grammar import SipError
from firmware.sip.incoming import IncomingCall, check_offer
from firmware.sip.message import BadMessage, Request, Response, note_source, parse_message, respond
from firmware.sip.names import KNOWN_METHODS
from firmware.sip.party import Directory, called_by_trunk, caller_on_phone, caller_on_trunk
from firmware.sip.registrar import Registrar
from firmware.sip.settings import SipAccount
from firmware.sip.stray import answer_stray
from firmware.sip.transactions import Flow, ServerTransaction, reply_flow
from firmware.sip.uri import parse_uri
from firmware.values import LegId, LineId, Party

IN_DIALOG_ONLY = ("BYE", "INFO", "ACK", "CANCEL")


class Gate:
    """Takes every message and hands it on, or answers it itself."""

    def __init__(
        self,
        context: Context,
        directory: Directory,
        registrar: Registrar,
        new_leg: Callable[[], LegId],
    ) -> None:
        settings = context.settings
        self._context = context
        self._settings = settings
        self._directory = directory
        self._registrar = registrar
        self._new_leg = new_leg
        self._digest = DigestServer(
            settings.realm, settings.secret, context.new_token, settings.digests
        )
        self._methods = {
            "REGISTER": self._on_register,
            "INVITE": self._on_invite,
            "OPTIONS": self._on_options,
        }
        self.counts = dict.fromkeys(("received", "bad", "stray", "challenged", "refused"), 0)

    def on_message(self, data: bytes, source: Flow, now_s: float) -> None:
        """A datagram or a framed message."""
        self.counts["received"] += 1
        try:
            message = parse_message(data)
        except BadMessage as error:
            self._on_bad_message(error, data, source)
            return
        if isinstance(message, Request):
            self._on_request(message, source, now_s)
        elif not self._context.transactions.on_response(message, now_s):
            self.counts["stray"] += 1
            if self._registrar.knows_host(source.host) or self._directory.knows_host(source.host):
                answer_stray(self._context, message, source)

    def tell_phone(self, extension: str, in_service: bool, reason: str) -> None:
        """Report that a person's phones came or went."""
        account = self._directory.accounts.get(extension)
        if account is not None:
            self._context.emit(LineServiceChanged(account.line, in_service, reason))

    # ------------------------------------------------------------------ which machine

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
            self.tell_phone(extension, bool(contacts), "registered" if contacts else "logged out")

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
            self._directory.credentials(line),
        )
        try:
            call.start(now_s)
        except SipError as error:
            transaction.respond(self._refusal(request, error), now_s)

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
