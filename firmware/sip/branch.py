# SPDX-License-Identifier: GPL-2.0-or-later
"""One INVITE of a call that we make, and whatever comes of it (RFC 3261 13.2).

A branch outlives its leg until its INVITE is settled: CANCEL waits for a provisional response
(9.1), and a 2xx that nobody wants any more is acknowledged and hung up. Pure.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol

from firmware.effects import SendDatagram
from firmware.sip.auth import DigestClient
from firmware.sip.causes import cause_of, reason_of
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.dialog_request import DialogRequest
from firmware.sip.grammar import SipError
from firmware.sip.message import Request, Response
from firmware.sip.sdp import LocalAudio, Negotiated, make_offer, parse_sdp, read_answer
from firmware.sip.transactions import ClientTransaction, Flow, ignore
from firmware.values import Cause, LegId


class Target(NamedTuple):
    """One place to invite."""

    uri: str  # Request-URI
    flow: Flow
    pinned: bool  # a registered phone


class Invitation(NamedTuple):
    """What all INVITEs of one call say."""

    local: str  # From without tag
    remote: str  # To
    headers: dict[str, list[str]]  # Privacy, P-Asserted-Identity, Alert-Info
    user: str  # user part of our Contact
    username: str = ""  # digest credentials, if the far side may ask for them
    password: str = ""


class BranchState(Enum):
    """One INVITE: waiting, ringing, to be cancelled once possible, cancelled, settled."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    CANCEL_WANTED = "cancel wanted"
    CANCELLING = "cancelling"
    SETTLED = "settled"


class Caller(Protocol):
    """Whom a branch tells how it goes."""

    def on_progress(self, branch: Branch, response: Response) -> None: ...

    def on_success(
        self, branch: Branch, dialog: Dialog, media: Negotiated | None, now_s: float
    ) -> None: ...

    def on_failure(self, cause: Cause, everywhere: bool, now_s: float) -> None: ...


class Branch:
    """One INVITE of the call and whatever comes of it."""

    def __init__(
        self,
        context: Context,
        leg: LegId,
        call: Caller,
        invitation: Invitation,
        local: LocalAudio,
        target: Target,
    ) -> None:
        self.state = BranchState.CALLING
        self.cause: Cause | None = None  # why it failed
        self.auth = (
            DigestClient(invitation.username, invitation.password) if invitation.username else None
        )
        self._call = call
        self._context = context
        self._leg = leg
        self._invitation = invitation
        self._local = local
        self._target = target
        self._call_id = f"{self._context.new_token()}@{self._context.settings.host}"
        self._from = f"{invitation.local};tag={self._context.new_token()[:16]}"
        self._cseq = 0
        self._early: dict[str, Negotiated] = {}  # answers in provisional responses, by To tag
        self._acks: dict[str, SendDatagram] = {}  # by To tag, for repeated 2xx
        self._why = ""  # Reason of the CANCEL
        self._request: Request | None = None
        self._transaction: ClientTransaction | None = None

    def invite(self, now_s: float) -> None:
        """Send the INVITE (again with credentials: same Call-ID, next number)."""
        self._cseq += 1
        invitation, flow = self._invitation, self._target.flow
        contact = self._context.contact(flow, invitation.user)
        headers = {
            "From": [self._from],
            "To": [invitation.remote],
            "Call-ID": [self._call_id],
            "CSeq": [f"{self._cseq} INVITE"],
            "Contact": [f"<{contact}>"],
            "Content-Type": ["application/sdp"],
            **invitation.headers,
        }
        body = make_offer(self._local)
        request = self._context.new_request("INVITE", self._target.uri, flow, headers, body)
        self._context.authorise(self.auth, request)
        self._request = self._context.decorate(request)
        self._transaction = self._context.send(request, flow, self._on_response, now_s)

    def cancel(self, cause: Cause, now_s: float) -> None:
        """Stop this branch as soon as the RFC lets us."""
        if self.state is BranchState.PROCEEDING:
            assert self._transaction is not None
            self.state = BranchState.CANCELLING
            self._context.transactions.cancel(self._transaction, reason_of(cause), now_s)
        elif self.state is BranchState.CALLING:
            self.state, self._why = BranchState.CANCEL_WANTED, reason_of(cause)

    def take_early_answer(self, response: Response) -> bool:
        """Connect early media if this provisional response carries an answer."""
        if not response.body or response.content_type() != "application/sdp":
            return False
        try:
            media = read_answer(self._local, parse_sdp(response.body))
        except SipError:
            return False
        tag = response.recipient.tag
        if self._early.get(tag) != media:
            self._early[tag] = media
            self._context.emit(media.order(self._leg))
        return True

    # ------------------------------------------------------------------ responses

    def _on_response(self, response: Response, now_s: float) -> None:
        if response.code < 200:
            self._on_provisional(response, now_s)
        elif response.code < 300:
            self._on_success(response, now_s)
        elif self.state is not BranchState.SETTLED:
            self._on_failure(response, now_s)

    def _on_provisional(self, response: Response, now_s: float) -> None:
        if self.state is BranchState.CANCEL_WANTED:
            assert self._transaction is not None
            self.state = BranchState.CANCELLING
            self._context.transactions.cancel(self._transaction, self._why, now_s)
        elif self.state in (BranchState.CALLING, BranchState.PROCEEDING):
            self.state = BranchState.PROCEEDING
            self._call.on_progress(self, response)

    def _on_success(self, response: Response, now_s: float) -> None:
        tag = response.recipient.tag
        if tag in self._acks:
            self._context.emit(self._acks[tag])
            return
        first = self.state in (BranchState.CALLING, BranchState.PROCEEDING)
        self.state = BranchState.SETTLED
        dialog = self._acknowledge(tag, response)
        if dialog is None:
            if first:
                self._fail(Cause.PROTOCOL_ERROR, False, now_s)
        elif first:
            self._call.on_success(self, dialog, self._answer(tag, response), now_s)
        else:  # crossed our CANCEL, or a second phone behind a forking proxy
            self._hang_up(dialog, now_s)

    def _acknowledge(self, tag: str, response: Response) -> Dialog | None:
        """ACK to the Contact of the 2xx; None when the 2xx names no place to send it to."""
        assert self._request is not None
        try:
            dialog = Dialog.of_client(
                self._request, response, self._target.flow, self._target.pinned
            )
        except SipError:
            return None
        ack, flow = dialog.request(self._context, "ACK", self._cseq)
        for name in ("Authorization", "Proxy-Authorization"):  # RFC 3261 22.1
            if name in self._request.headers:
                ack.headers[name] = self._request.headers[name]
        self._acks[tag] = SendDatagram(*flow, ack.to_bytes())
        self._context.emit(self._acks[tag])
        return dialog

    def _answer(self, tag: str, response: Response) -> Negotiated | None:
        if not response.body:
            return self._early.get(tag)
        try:
            return read_answer(self._local, parse_sdp(response.body))
        except SipError:
            return None

    def _hang_up(self, dialog: Dialog, now_s: float) -> None:
        DialogRequest(self._context, dialog, "BYE", ignore, self.auth).send(now_s)

    def _on_failure(self, response: Response, now_s: float) -> None:
        wanted = self.state in (BranchState.CALLING, BranchState.PROCEEDING)
        if wanted and response.code in (401, 407) and self._cseq == 1 and self._take(response):
            self.state = BranchState.CALLING
            self.invite(now_s)
            return
        self.state = BranchState.SETTLED
        if wanted:
            self._fail(cause_of(response, response.code), response.code >= 600, now_s)

    def _take(self, response: Response) -> bool:
        return self.auth is not None and self.auth.take(response)

    def _fail(self, cause: Cause, everywhere: bool, now_s: float) -> None:
        self.cause = cause
        self._call.on_failure(cause, everywhere, now_s)
