# SPDX-License-Identifier: GPL-2.0-or-later
"""A call we make (RFC 3261 13.2): one leg, an INVITE to each place where the party may be.

The first 2xx wins and becomes a :class:`Session`; the others are cancelled, and a 2xx that
crosses a CANCEL is acknowledged and hung up at once. Each INVITE is a :class:`Branch`. Pure.
"""

from __future__ import annotations

from enum import Enum

from firmware.effects import CloseLeg, OpenRtp
from firmware.events import LegAlerting, LegAnswered, LegEnded, LegProceeding, RtpOpened
from firmware.sip.branch import Branch, BranchState, Invitation, Target
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.message import Response
from firmware.sip.sdp import LocalAudio, Negotiated
from firmware.sip.session import Session
from firmware.sip.timers import Timers
from firmware.values import Cause, LegId, LineId

_TELLING = (Cause.REJECTED, Cause.BUSY, Cause.NO_USER_RESPONSE, Cause.UNALLOCATED)


class OutgoingState(Enum):
    """How far the call has come."""

    OPENING = "opening media"
    CALLING = "calling"
    PROCEEDING = "proceeding"
    ALERTING = "alerting"
    DONE = "done"


class OutgoingCall:
    """One leg that we originate."""

    def __init__(
        self,
        context: Context,
        leg: LegId,
        line: LineId,
        targets: list[Target],
        invitation: Invitation,
    ) -> None:
        self.leg = leg
        self.line = line
        self.state = OutgoingState.OPENING
        self._context = context
        self._invitation = invitation
        self._local: LocalAudio | None = None
        self._targets = targets
        self._branches: list[Branch] = []
        self._timers = Timers()
        self._early = False
        context.legs[leg] = self

    @property
    def state_name(self) -> str:
        return self.state.value

    def start(self, now_s: float) -> None:
        """Open the media port; the INVITEs follow when it is there."""
        self._timers.start("limit", now_s + self._context.settings.ring_limit_s)
        self._context.emit(OpenRtp(self.leg))
        self._arm()

    def on_media(self, opened: RtpOpened | None, now_s: float) -> None:
        """The media port is open: invite; or it could not be opened (None)."""
        if self.state is not OutgoingState.OPENING:
            return
        if opened is None:
            self._end(Cause.TEMPORARY_FAILURE, False)
            return
        session = int(self._context.new_token()[:8], 16)
        codecs = self._context.settings.codecs
        self._local = LocalAudio(opened.host, opened.port, session, 1, codecs)
        self.state = OutgoingState.CALLING
        self._branches = [
            Branch(self._context, self.leg, self, self._invitation, self._local, target)
            for target in self._targets
        ]
        for branch in self._branches:
            branch.invite(now_s)

    def on_rtp_lost(self, now_s: float) -> None:
        """Early media may be silent."""

    # ------------------------------------------------------------------ orders

    def alert(self, now_s: float) -> None:
        """Only arriving legs are told that somebody rings."""

    def answer(self, now_s: float) -> None:
        """Only arriving legs can be answered."""

    def hold(self, held: bool, now_s: float) -> None:
        """Nobody to hold before the answer."""

    def release(self, cause: Cause, now_s: float) -> None:
        """Give up: cancel every branch."""
        self._cancel_others(None, cause, now_s)
        self._end(cause, False)

    # ------------------------------------------------------------------ what branches tell

    def on_progress(self, branch: Branch, response: Response) -> None:
        """A provisional response came."""
        if self.state is OutgoingState.CALLING:
            self.state = OutgoingState.PROCEEDING
            self._context.emit(LegProceeding(self.leg))
        if response.code == 100:
            return
        early = len(self._branches) == 1 and branch.take_early_answer(response)
        ringing = response.code in (180, 182) or early
        if ringing and (self.state is not OutgoingState.ALERTING or early > self._early):
            self.state, self._early = OutgoingState.ALERTING, early
            self._context.emit(LegAlerting(self.leg, early))

    def on_success(
        self, branch: Branch, dialog: Dialog, media: Negotiated | None, now_s: float
    ) -> None:
        """The party answered; its 2xx is acknowledged already."""
        assert self._local is not None
        self._leave()
        self._cancel_others(branch, Cause.ANSWERED_ELSEWHERE, now_s)
        session = Session(self._context, self.leg, self.line, dialog, self._local, branch.auth)
        if media is None:
            session.release(Cause.INCOMPATIBLE, now_s)
            return
        self._context.emit(LegAnswered(self.leg))
        session.start(media)

    def on_failure(self, cause: Cause, everywhere: bool, now_s: float) -> None:
        """A branch failed; the leg ends with the last one, or when nobody else may answer."""
        if everywhere:
            self._cancel_others(None, cause, now_s)
        if everywhere or all(b.state is BranchState.SETTLED for b in self._branches):
            self._end(self._best_cause(), True)

    def _best_cause(self) -> Cause:
        """Of several refusals the one that says most about the person (RFC 3261 16.7 step 6)."""
        causes = [b.cause for b in self._branches if b.cause is not None]
        return next((c for c in _TELLING if c in causes), causes[0])

    # ------------------------------------------------------------------ time and end

    def on_timer(self, now_s: float) -> None:
        if self._timers.pop_due(now_s):
            self.release(Cause.NO_ANSWER, now_s)

    def _cancel_others(self, winner: Branch | None, cause: Cause, now_s: float) -> None:
        for branch in self._branches:
            if branch is not winner:
                branch.cancel(cause, now_s)

    def _end(self, cause: Cause, by_far_end: bool) -> None:
        self._leave()
        self._context.legs.pop(self.leg, None)
        self._context.emit(LegEnded(self.leg, cause, by_far_end), CloseLeg(self.leg))

    def _leave(self) -> None:
        self.state = OutgoingState.DONE
        self._timers.clear()
        self._arm()

    def _arm(self) -> None:
        self._context.arm(self, self._timers.next())
