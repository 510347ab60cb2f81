# SPDX-License-Identifier: GPL-2.0-or-later
"""A call that came in and is not answered yet (RFC 3261 13.3): from INVITE to final response.

Order of things: INVITE, media port opened, LegArrived, then Alert, Answer or Release from the
calls, or CANCEL from the peer. With Answer a :class:`Session` takes over. Pure.
"""

from __future__ import annotations

from enum import Enum

from firmware.effects import CloseLeg, OpenRtp
from firmware.events import LegArrived, LegEnded, RtpOpened
from firmware.sip.auth import DigestClient
from firmware.sip.causes import cause_of, code_of, reason_of
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.grammar import SipError
from firmware.sip.message import Request, respond
from firmware.sip.sdp import LocalAudio, make_answer, parse_sdp
from firmware.sip.session import Session
from firmware.sip.timers import Timers
from firmware.sip.transactions import ServerTransaction
from firmware.values import Cause, LegId, LineId, Party

REMIND_S = 60.0  # a provisional response at least every minute (RFC 3261 13.3.1.1)


class IncomingState(Enum):
    """How far the call has come."""

    OPENING = "opening media"
    ARRIVED = "arrived"
    ALERTING = "alerting"
    DONE = "done"


class IncomingCall:
    """One INVITE that wants an answer."""

    def __init__(
        self,
        context: Context,
        leg: LegId,
        line: LineId,
        transaction: ServerTransaction,
        request: Request,
        dialog: Dialog,
        arrival: tuple[Party, str],
        auth: DigestClient | None,
    ) -> None:
        self.leg = leg
        self.line = line
        self.state = IncomingState.OPENING
        self.transaction = transaction
        self._context = context
        self._request = request
        self._dialog = dialog
        self._caller, self._called = arrival
        self._auth = auth
        self._local: LocalAudio | None = None
        self._timers = Timers()

    @property
    def state_name(self) -> str:
        return self.state.value

    def start(self, now_s: float) -> None:
        """Say that we work on it and open the media port; raises SipError for a useless offer."""
        probe = LocalAudio(self._context.settings.host, 0, 0, codecs=self._context.settings.codecs)
        if self._request.body:
            make_answer(probe, parse_sdp(self._request.body))
        self.transaction.respond(respond(self._request, 100), now_s)
        self.transaction.on_cancel = self._on_cancel
        self._context.legs[self.leg] = self
        self._context.dialogs[self._dialog.key] = self
        self._timers.start("expires", now_s + self._limit_s())
        self._context.emit(OpenRtp(self.leg))
        self._arm()

    def _limit_s(self) -> float:
        asked = self._request.first("Expires")
        limit_s = self._context.settings.ring_limit_s
        return min(float(asked[:6]), limit_s) if asked.isascii() and asked.isdigit() else limit_s

    # ------------------------------------------------------------------ media

    def on_media(self, opened: RtpOpened | None, now_s: float) -> None:
        """The media port is open, or could not be opened (None)."""
        if self.state is not IncomingState.OPENING:
            return
        if opened is None:
            self._end(503, Cause.TEMPORARY_FAILURE, False, now_s)
            return
        session = int(self._context.new_token()[:8], 16)
        self._local = LocalAudio(
            opened.host, opened.port, session, 0, self._context.settings.codecs
        )
        self.state = IncomingState.ARRIVED
        self._context.emit(LegArrived(self.leg, self.line, self._caller, self._called))

    def on_rtp_lost(self, now_s: float) -> None:
        """Nothing is expected before the answer."""

    # ------------------------------------------------------------------ orders

    def alert(self, now_s: float) -> None:
        """180 Ringing, repeated every minute while it lasts."""
        if self.state not in (IncomingState.ARRIVED, IncomingState.ALERTING):
            return
        self.state = IncomingState.ALERTING
        response = respond(self._request, 180, self._dialog.local_tag)
        response.headers["Contact"] = [f"<{self._context.contact(self._dialog.flow)}>"]
        if "Record-Route" in self._request.headers:
            response.headers["Record-Route"] = list(self._request.headers["Record-Route"])
        self.transaction.respond(response, now_s)
        self._timers.start("remind", now_s + REMIND_S)
        self._arm()

    def answer(self, now_s: float) -> None:
        """200 with our session description; the session takes the leg over."""
        if self._local is None:
            return
        self._leave()
        session = Session(self._context, self.leg, self.line, self._dialog, self._local, self._auth)
        session.answer_invite(self.transaction, self._request, now_s)

    def hold(self, held: bool, now_s: float) -> None:
        """Nobody to hold before the answer."""

    def release(self, cause: Cause, now_s: float) -> None:
        """A final response that tells why."""
        self._end(code_of(cause), cause, False, now_s)

    # ------------------------------------------------------------------ requests of the peer

    def _on_cancel(self, cancel: Request, now_s: float) -> None:
        """The caller gave up (RFC 3261 9.2)."""
        self._end(487, cause_of(cancel, 200), True, now_s)

    def on_request(
        self, transaction: ServerTransaction | None, request: Request, now_s: float
    ) -> None:
        """A request in the early dialog: BYE ends the call, a new INVITE must wait."""
        if transaction is None:
            return
        if request.method == "BYE":
            self._context.reply(transaction, request, 200, now_s)
            self._end(487, cause_of(request, 200), True, now_s)
        elif request.method == "INVITE":  # the first offer is not answered (RFC 3261 14.2)
            response = respond(request, 500, self._dialog.local_tag)
            response.headers["Retry-After"] = ["5"]
            transaction.respond(response, now_s)
        else:
            code = 200 if request.method in ("OPTIONS", "INFO") else 405
            self._context.reply(transaction, request, code, now_s)

    # ------------------------------------------------------------------ time and end

    def on_timer(self, now_s: float) -> None:
        for name in self._timers.pop_due(now_s):
            if name == "remind":
                self.alert(now_s)
            else:
                self._end(487, Cause.NO_ANSWER, False, now_s)
        self._arm()

    def _end(self, code: int, cause: Cause, by_far_end: bool, now_s: float) -> None:
        arrived = self.state is not IncomingState.OPENING
        response = respond(self._request, code, self._dialog.local_tag)
        if not by_far_end:
            response.headers["Reason"] = [reason_of(cause)]
        self.transaction.respond(self._context.decorate(response), now_s)
        self._leave()
        self._context.dialogs.pop(self._dialog.key, None)
        self._context.legs.pop(self.leg, None)
        if arrived:
            self._context.emit(LegEnded(self.leg, cause, by_far_end))
        self._context.emit(CloseLeg(self.leg))

    def _leave(self) -> None:
        self.state = IncomingState.DONE
        self._timers.clear()
        self._arm()

    def _arm(self) -> None:
        self._context.arm(self, self._timers.next())


def check_offer(request: Request) -> None:
    """Refuse bodies that are no plain session description; raises SipError."""
    if request.body and request.content_type() != "application/sdp":
        raise SipError("Only application/sdp is understood", 415)
    if request.first("Content-Encoding") not in ("", "identity"):
        raise SipError("Encoded bodies are not understood", 415)
