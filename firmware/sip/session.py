# SPDX-License-Identifier: GPL-2.0-or-later
"""An answered call: its dialog, its audio, hold, transfer request, and its end.

Begins when a 2xx was sent (``answer_invite``) or received (``start``) and lives until its BYE is
answered. Owns the 2xx until the ACK (RFC 3261 13.3.1.4), offers and answers of re-INVITEs (RFC
3264), glare (491) and the ping that tells a silent peer from a dead one. Pure; driven by the
endpoint with requests of the dialog, orders, media facts and its timers.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from firmware.effects import CloseLeg, SendDatagram, TagLeg
from firmware.events import LegDigit, LegEnded, LegHeld, LegResumed, LegTransferRequested, RtpOpened
from firmware.sip.auth import DigestClient
from firmware.sip.causes import cause_of, reason_of
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.dialog_request import DialogRequest
from firmware.sip.grammar import SipError
from firmware.sip.info import info_digit
from firmware.sip.message import Request, Response, respond
from firmware.sip.names import REASONS
from firmware.sip.sdp import LocalAudio, Negotiated, make_answer, make_offer, parse_sdp, read_answer
from firmware.sip.tag import SessionData, write_tag
from firmware.sip.timers import T1_S, T2_S, TIMEOUT_S, Timers
from firmware.sip.transactions import ServerTransaction, ignore
from firmware.sip.uri import parse_address
from firmware.values import Cause, LegId, LineId

CSEQ_GAP = 100  # more requests than can have been sent after the tag was written
REFER_LIMIT_S = 30.0  # the transferor is told within this time what became of its request


class SessionState(Enum):
    """What the session waits for."""

    ESTABLISHED = "established"
    UNACKED = "waiting for ACK"
    OFFERING = "offering"
    GLARE = "waiting to offer again"
    CLEARING = "waiting for ACK to hang up"
    ENDED = "ended"


class Unacked(NamedTuple):
    """A 2xx of ours that the peer has not confirmed."""

    datagram: SendDatagram
    cseq: int
    offered: bool  # it carried our offer: the ACK brings the answer


class Session:
    """One established (or just answered) call with one peer."""

    def __init__(
        self,
        context: Context,
        leg: LegId,
        line: LineId,
        dialog: Dialog,
        local: LocalAudio,
        auth: DigestClient | None = None,
    ) -> None:
        self.leg = leg
        self.line = line
        self.dialog = dialog
        self.state = SessionState.ESTABLISHED
        self._context = context
        self._local = local
        self._auth = auth
        self._media: Negotiated | None = None
        self._wanted = "sendrecv"  # or "sendonly" while we hold the peer
        self._agreed = "sendrecv"  # what of this the peer has been told
        self._held = False  # the peer holds us
        self._unacked: Unacked | None = None
        self._cause = Cause.NORMAL  # of the BYE that waits for the ACK
        self._interval_s = T1_S
        self._timers = Timers()
        context.legs[leg] = self
        context.dialogs[dialog.key] = self

    @property
    def state_name(self) -> str:
        return "held" if self._held else self.state.value

    # ------------------------------------------------------------------ beginning

    def start(self, media: Negotiated) -> None:
        """Our INVITE was answered and acknowledged, the audio is agreed."""
        self._apply(media, tell=True)

    def answer_invite(self, transaction: ServerTransaction, request: Request, now_s: float) -> None:
        """Answer an INVITE or re-INVITE with 200; raises SipError when its offer does not suit."""
        late = not request.body
        local = replace(self._local, direction=self._wanted, version=self._local.version + 1)
        if late:
            body, media = make_offer(local), None
        else:
            body, media, local = make_answer(local, parse_sdp(request.body))
        self._local = local
        response = self._ok(request, body)
        transaction.respond(response, now_s)
        datagram = SendDatagram(*transaction.flow, response.to_bytes())
        self._unacked = Unacked(datagram, request.cseq.number, late)
        self.state = SessionState.UNACKED
        self._interval_s = T1_S
        self._timers.start("2xx", now_s + T1_S)
        self._timers.start("ack", now_s + TIMEOUT_S)
        self.dialog.refresh(request)
        if media is not None:
            self._agreed = self._wanted
            self._apply(media, tell=True)
        self._arm()

    def _ok(self, request: Request, body: bytes) -> Response:
        response = self._context.decorate(respond(request, 200, self.dialog.local_tag, body))
        if "Record-Route" in request.headers:
            response.headers["Record-Route"] = list(request.headers["Record-Route"])
        response.headers["Contact"] = [f"<{self._context.contact(self.dialog.flow)}>"]
        response.headers["Content-Type"] = ["application/sdp"]
        return response

    # ------------------------------------------------------------------ orders

    def on_media(self, opened: RtpOpened | None, now_s: float) -> None:
        """The port is open since before the answer; one that fails later ends the call."""
        if opened is None:
            self.release(Cause.TEMPORARY_FAILURE, now_s)

    def alert(self, now_s: float) -> None:
        """Answered already."""

    def answer(self, now_s: float) -> None:
        """Answered already."""

    def hold(self, held: bool, now_s: float) -> None:
        """Tell the peer that it is held (it still hears us) or no longer is."""
        self._wanted = "sendonly" if held else "sendrecv"
        self._offer_if_due(now_s)

    def release(self, cause: Cause, now_s: float) -> None:
        """Hang up; the BYE waits for the ACK of our 2xx (RFC 3261 15)."""
        if self.state in (SessionState.CLEARING, SessionState.ENDED):
            return
        self._finish(cause, by_far_end=False)
        if self.state is SessionState.UNACKED:
            self.state, self._cause = SessionState.CLEARING, cause
        else:
            self._hang_up(cause, now_s)

    def on_rtp_lost(self, now_s: float) -> None:
        """No audio comes: ask whether the peer still knows of the call."""
        if self.state is SessionState.ESTABLISHED and self._media and self._media.receive:
            DialogRequest(self._context, self.dialog, "OPTIONS", self._on_pong, self._auth).send(
                now_s
            )

    def _on_pong(self, response: Response, now_s: float) -> None:
        if response.code in (408, 481, 503):
            self.release(Cause.DESTINATION_OUT_OF_ORDER, now_s)

    # ------------------------------------------------------------------ requests of the peer

    def on_request(
        self, transaction: ServerTransaction | None, request: Request, now_s: float
    ) -> None:
        """A request in this dialog; ACK comes without a transaction."""
        if transaction is None:
            self._on_ack(request, now_s)
        elif not self.dialog.accept_cseq(request.cseq.number):
            self._context.reply(transaction, request, 500, now_s)
        elif self.state is SessionState.ENDED and request.method != "BYE":
            self._context.reply(transaction, request, 481, now_s)
        else:
            self.dialog.flow = transaction.source  # a NAT may have moved the peer
            handlers = {
                "BYE": self._on_bye,
                "INVITE": self._on_reinvite,
                "INFO": self._on_info,
                "REFER": self._on_refer,
            }
            handlers.get(request.method, self._on_other)(transaction, request, now_s)
        self._arm()

    def _on_ack(self, request: Request, now_s: float) -> None:
        unacked = self._unacked
        if unacked is None or request.cseq.number != unacked.cseq:
            return
        self._unacked = None
        self._timers.stop("2xx", "ack")
        if self.state is SessionState.CLEARING:
            self._hang_up(self._cause, now_s)
            return
        self.state = SessionState.ESTABLISHED
        if unacked.offered and not self._take_late_answer(request):
            self.release(Cause.INCOMPATIBLE, now_s)
            return
        self._offer_if_due(now_s)

    def _take_late_answer(self, request: Request) -> bool:
        try:
            media = read_answer(self._local, parse_sdp(request.body))
        except SipError:
            return False
        self._agreed = self._wanted
        self._apply(media, tell=True)
        return True

    def _on_bye(self, transaction: ServerTransaction, request: Request, now_s: float) -> None:
        self._context.reply(transaction, request, 200, now_s)
        if self.state not in (SessionState.CLEARING, SessionState.ENDED):
            self._finish(cause_of(request, 200), by_far_end=True)
        self._close()

    def _on_reinvite(self, transaction: ServerTransaction, request: Request, now_s: float) -> None:
        late = self._unacked is not None and self._unacked.offered
        if self.state in (SessionState.OFFERING, SessionState.CLEARING) or late:
            self._context.reply(transaction, request, 491, now_s)
            return
        try:
            self.answer_invite(transaction, request, now_s)
        except SipError as error:  # the session stays as it was (RFC 3261 14.2)
            self._context.reply(transaction, request, error.code, now_s)

    def _on_info(self, transaction: ServerTransaction, request: Request, now_s: float) -> None:
        kind = request.content_type()
        if kind and kind not in ("application/dtmf-relay", "application/dtmf"):
            self._context.reply(transaction, request, 415, now_s)
            return
        self._context.reply(transaction, request, 200, now_s)
        digit = info_digit(request.body) if kind else ""
        if digit:
            self._context.emit(LegDigit(self.leg, digit, in_band=False))

    def _on_refer(self, transaction: ServerTransaction, request: Request, now_s: float) -> None:
        """A blind transfer; one with Replaces (attended) is not ours to do here."""
        try:
            uri = parse_address(request.first("Refer-To")).uri
        except SipError:
            self._context.reply(transaction, request, 400, now_s)
            return
        if uri.headers or not uri.number or self._timers.running("refer"):
            self._context.reply(transaction, request, 501, now_s)
            return
        self._context.reply(transaction, request, 202, now_s)
        self._timers.start("refer", now_s + REFER_LIMIT_S)
        self._notify(100, "active;expires=60", now_s)
        self._context.emit(LegTransferRequested(self.leg, uri.number))

    def _on_other(self, transaction: ServerTransaction, request: Request, now_s: float) -> None:
        code = 200 if request.method == "OPTIONS" else 405
        response = respond(request, code, self.dialog.local_tag)
        transaction.respond(self._context.decorate(response), now_s)

    # ------------------------------------------------------------------ our re-INVITE

    def _offer_if_due(self, now_s: float) -> None:
        if self.state is SessionState.ESTABLISHED and self._wanted != self._agreed:
            self._local = self._local.turned(self._wanted)
            self._send_offer(now_s)
        self._arm()

    def _send_offer(self, now_s: float) -> None:
        self.state = SessionState.OFFERING
        body = make_offer(self._local)
        done = self._on_offer_answered
        DialogRequest(self._context, self.dialog, "INVITE", done, self._auth, body=body).send(now_s)

    def _on_offer_answered(self, response: Response, now_s: float) -> None:
        if self.state is not SessionState.OFFERING:
            return  # we hung up meanwhile
        self.state = SessionState.ESTABLISHED
        if response.code < 300:
            self._on_offer_accepted(response, now_s)
        else:
            self._on_offer_refused(response, now_s)
        self._arm()

    def _on_offer_accepted(self, response: Response, now_s: float) -> None:
        self._agreed = self._local.direction
        try:
            media = read_answer(self._local, parse_sdp(response.body))
        except SipError:
            self.release(Cause.INCOMPATIBLE, now_s)
            return
        self._apply(media, tell=self._local.direction == "sendrecv")
        self._offer_if_due(now_s)

    def _on_offer_refused(self, response: Response, now_s: float) -> None:
        if response.code == 491:  # both offered at once (RFC 3261 14.1)
            self.state = SessionState.GLARE
            self._timers.start("glare", now_s + self._glare_wait_s())
        elif response.code in (408, 481):  # the peer has lost the dialog (12.2.1.2)
            self.release(Cause.RECOVERY_ON_TIMER, now_s)
        else:
            self._wanted = self._agreed  # the peer does not want it: leave things as they are

    def _glare_wait_s(self) -> float:
        """2.1..4 s for the owner of the Call-ID, 0..2 s for the other, in steps of 10 ms."""
        step = int(self._context.new_token()[:8], 16)
        return 2.1 + step % 191 / 100 if self.dialog.initiated else step % 201 / 100

    # ------------------------------------------------------------------ the end

    def _hang_up(self, cause: Cause, now_s: float) -> None:
        if self._timers.running("refer"):
            self._notify(200, "terminated;reason=noresource", now_s)
        self.state = SessionState.ENDED
        self._timers.clear()
        headers = {"Reason": [reason_of(cause)]}
        DialogRequest(self._context, self.dialog, "BYE", self._on_gone, self._auth, headers).send(
            now_s
        )
        self._arm()

    def _on_gone(self, _response: Response, _now_s: float) -> None:
        self._close()

    def _finish(self, cause: Cause, by_far_end: bool) -> None:
        """The leg is over for the calls, whatever is still to be said on the wire."""
        self._context.legs.pop(self.leg, None)
        self._context.emit(LegEnded(self.leg, cause, by_far_end), CloseLeg(self.leg))

    def _close(self) -> None:
        self.state = SessionState.ENDED
        self._timers.clear()
        self._context.dialogs.pop(self.dialog.key, None)
        self._arm()

    # ------------------------------------------------------------------ time

    def on_timer(self, now_s: float) -> None:
        for name in self._timers.pop_due(now_s):
            self._fire(name, now_s)
        self._arm()

    def _fire(self, name: str, now_s: float) -> None:
        if name == "2xx" and self._unacked is not None:
            self._interval_s = min(self._interval_s * 2, T2_S)
            self._timers.start("2xx", now_s + self._interval_s)
            self._context.emit(self._unacked.datagram)
        elif name == "ack":
            self._on_ack_missing(now_s)
        elif name == "glare" and self.state is SessionState.GLARE:
            self.state = SessionState.ESTABLISHED
            self._offer_if_due(now_s)
        elif name == "refer":
            self._notify(503, "terminated;reason=timeout", now_s)

    def _on_ack_missing(self, now_s: float) -> None:
        """RFC 3261 13.3.1.4: the session is then ended with a BYE."""
        self._unacked = None
        self._timers.stop("2xx")
        if self.state is not SessionState.CLEARING:
            self._finish(Cause.RECOVERY_ON_TIMER, by_far_end=False)
        self._hang_up(Cause.RECOVERY_ON_TIMER, now_s)

    # ------------------------------------------------------------------ common steps

    def _arm(self) -> None:
        self._context.arm(self, self._timers.next())

    def _notify(self, code: int, state: str, now_s: float) -> None:
        """Tell the transferor how its REFER stands (RFC 3515 2.4.5)."""
        if code >= 200:
            self._timers.stop("refer")
        headers = {
            "Event": ["refer"],
            "Subscription-State": [state],
            "Content-Type": ["message/sipfrag;version=2.0"],
        }
        body = f"SIP/2.0 {code} {REASONS[code]}\r\n".encode()
        DialogRequest(self._context, self.dialog, "NOTIFY", ignore, self._auth, headers, body).send(
            now_s
        )

    def _apply(self, media: Negotiated, tell: bool) -> None:
        """Set the audio path as agreed; ``tell`` the calls whether the peer holds us."""
        if media.host in ("0.0.0.0", "::") and self._media is not None:
            media = media._replace(host=self._media.host)
        changed, self._media = media != self._media, media
        if changed:
            self._context.emit(media.order(self.leg))
        if tell and self._held == media.send:
            self._held = not media.send
            self._context.emit(LegHeld(self.leg) if self._held else LegResumed(self.leg))
        self._context.emit(TagLeg(self.leg, self.to_tag()))

    # ------------------------------------------------------------------ adoption

    def to_tag(self) -> str:
        """Everything a new exchange needs to go on with this call."""
        return write_tag(
            SessionData(self.line, self.dialog, self._local, self._media, self._wanted, self._held)
        )

    @classmethod
    def adopt(
        cls, context: Context, leg: LegId, data: SessionData, auth: DigestClient | None
    ) -> Session:
        """The session that wrote this data in an exchange before us."""
        session = cls(context, leg, data.line, data.dialog, data.local, auth)
        session._media = data.media
        session._wanted = session._agreed = data.wanted
        session._held = data.held
        data.dialog.local_cseq += CSEQ_GAP
        return session
