# SPDX-License-Identifier: GPL-2.0-or-later
"""Our registration with one provider (RFC 3261 section 10.2): a client that does not give up.

A silent or failing provider is asked again for ever, with growing pauses. One that refuses our
name and password is asked three times and then left alone with an alarm: more attempts get an
address blocked. Pure; driven by its responses and its timer.
"""

from __future__ import annotations

from enum import Enum

from firmware.effects import ClearAlarm, RaiseAlarm
from firmware.events import LineServiceChanged
from firmware.sip.auth import DigestClient
from firmware.sip.context import Context
from firmware.sip.grammar import SipError
from firmware.sip.message import Response
from firmware.sip.settings import SipTrunk
from firmware.sip.timers import Timers
from firmware.sip.transactions import Flow
from firmware.sip.uri import name_addr, sip_uri

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0  # a provider that comes back is used again within five minutes
MAX_REFUSALS = 3


class RegistrationState(Enum):
    """What the provider knows of us."""

    UNREGISTERED = "unregistered"
    REGISTERING = "registering"
    REGISTERED = "registered"
    REFRESHING = "refreshing"
    PAUSING = "pausing"
    REFUSED = "refused"


class Registration:
    """One trunk's registration."""

    def __init__(self, context: Context, trunk: SipTrunk) -> None:
        self.trunk = trunk
        self.state = RegistrationState.UNREGISTERED
        self.reason = ""  # why it is not registered
        self._context = context
        self._auth = DigestClient(trunk.username, trunk.password)
        self._flow = Flow(trunk.transport, trunk.host, trunk.port)
        self._call_id = f"{context.new_token()}@{context.settings.host}"
        self._tag = context.new_token()[:16]
        self._cseq = 0
        self._answered_challenge = False
        self._expires_s = trunk.expires_s
        self._failures = 0
        self._refusals = 0
        self._told: bool | None = None  # what the calls were last told
        self._timers = Timers()

    @property
    def in_service(self) -> bool:
        """Whether the provider holds a registration of ours."""
        return self.state in (RegistrationState.REGISTERED, RegistrationState.REFRESHING)

    def start(self, now_s: float) -> None:
        """Register now (also after a refusal, when the installer has changed something)."""
        self._refusals = 0
        self.state = (
            RegistrationState.REFRESHING if self.in_service else RegistrationState.REGISTERING
        )
        self._answered_challenge = False
        self._send(self._expires_s, now_s)

    def stop(self, now_s: float) -> None:
        """Take the registration back."""
        if self.in_service:
            self._send(0, now_s)
        self.state = RegistrationState.UNREGISTERED
        self._timers.clear()
        self._arm()

    def on_timer(self, now_s: float) -> None:
        for name in self._timers.pop_due(now_s):
            if name == "lapse":
                self._lapse("the registration ran out")
            else:
                self.start_again(now_s)
        self._arm()

    def start_again(self, now_s: float) -> None:
        """Refresh, or try again after a pause."""
        refusals = self._refusals
        self.start(now_s)
        self._refusals = refusals

    # ------------------------------------------------------------------ request

    def _send(self, expires_s: int, now_s: float) -> None:
        trunk, self._cseq = self.trunk, self._cseq + 1
        uri = sip_uri("", trunk.host, 0 if trunk.port == 5060 else trunk.port)
        aor = sip_uri(trunk.username, trunk.host)
        contact = self._context.contact(self._flow, trunk.username)
        headers = {
            "From": [name_addr(aor, tag=self._tag)],
            "To": [name_addr(aor)],
            "Call-ID": [self._call_id],
            "CSeq": [f"{self._cseq} REGISTER"],
            "Contact": [f"<{contact}>"],
            "Expires": [str(expires_s)],
        }
        request = self._context.new_request("REGISTER", str(uri), self._flow, headers)
        self._context.authorise(self._auth, self._context.decorate(request))
        self._context.send(request, self._flow, self._on_response, now_s)

    # ------------------------------------------------------------------ response

    def _on_response(self, response: Response, now_s: float) -> None:
        waiting = (RegistrationState.REGISTERING, RegistrationState.REFRESHING)
        if response.code < 200 or self.state not in waiting:
            return
        if response.code < 300:
            self._on_registered(response, now_s)
        elif response.code in (401, 407) and self._may_answer(response):
            self._answered_challenge = True
            self._send(self._expires_s, now_s)
        elif response.code in (401, 403, 407):
            self._on_refused(response, now_s)
        elif response.code == 423 and self._lengthen(response):
            self._send(self._expires_s, now_s)
        else:
            self._pause(f"the provider answered {response.code} {response.reason}", now_s)
        self._arm()

    def _may_answer(self, response: Response) -> bool:
        """Once per attempt; again when only the nonce was stale."""
        stale = any(
            "stale=true" in v.replace('"', "").lower()
            for name in ("WWW-Authenticate", "Proxy-Authenticate")
            for v in response.headers.get(name, ())
        )
        if self._answered_challenge and not stale:
            return False
        return self._auth.take(response)

    def _lengthen(self, response: Response) -> bool:
        text = response.first("Min-Expires")
        if not (text.isascii() and text.isdigit()) or not self._expires_s < int(text[:6]) <= 86400:
            return False
        self._expires_s = int(text[:6])
        return True

    def _on_registered(self, response: Response, now_s: float) -> None:
        granted_s = self._granted(response)
        self._failures = self._refusals = 0
        self._timers.clear()
        # Early enough for a lost request and its retransmissions (RFC 3261 10.2.4).
        self._timers.start("refresh", now_s + max(granted_s / 2, granted_s - 60))
        self._timers.start("lapse", now_s + granted_s)
        self.state, self.reason = RegistrationState.REGISTERED, ""
        self._context.emit(ClearAlarm(self._alarm))
        if not self._told:
            self._tell(True, "registered")

    def _granted(self, response: Response) -> int:
        """Seconds until expiry: of our Contact, else of the Expires header, else as asked."""
        ours = self._context.contact(self._flow, self.trunk.username).key
        try:
            for contact in response.contacts:
                text = contact.params.get("expires", "")
                if contact.uri.key == ours and text.isascii() and text.isdigit():
                    return max(int(text[:6]), 10)
        except SipError:
            pass  # another phone's odd contact is no reason to be unregistered
        text = response.first("Expires")
        return max(int(text[:6]), 10) if text.isascii() and text.isdigit() else self._expires_s

    # ------------------------------------------------------------------ failure

    def _on_refused(self, response: Response, now_s: float) -> None:
        self._refusals += 1
        reason = f"the provider refuses the name or password ({response.code} {response.reason})"
        if self._refusals < MAX_REFUSALS:
            self._pause(reason, now_s)
            return
        self.state = RegistrationState.REFUSED
        self._timers.clear()
        self._out_of_service(f"{reason}; tipring has stopped asking until the account is changed")

    def _pause(self, reason: str, now_s: float) -> None:
        held = self.state is RegistrationState.REFRESHING and self._timers.running("lapse")
        self.state = RegistrationState.REGISTERED if held else RegistrationState.PAUSING
        pause_s = min(FIRST_PAUSE_S * 2 ** min(self._failures, 10), LONGEST_PAUSE_S)
        self._failures += 1
        jitter = int(self._context.new_token()[:4], 16) / 65536  # many boxes, one provider
        self._timers.start("again", now_s + pause_s * (0.5 + jitter / 2))
        self.reason = reason
        if not held:
            self._out_of_service(reason)

    def _lapse(self, reason: str) -> None:
        if self.state is RegistrationState.REGISTERED:
            self.state = RegistrationState.PAUSING
        self._out_of_service(self.reason or reason)

    def _out_of_service(self, reason: str) -> None:
        self.reason = reason
        self._context.emit(
            RaiseAlarm(
                self._alarm,
                f"Trunk {self.trunk.line} is not registered: {reason}. Check its host, username "
                f"and password, and the network.",
            )
        )
        if self._told is not False:
            self._tell(False, reason)

    def _tell(self, in_service: bool, reason: str) -> None:
        self._told = in_service
        self._context.emit(LineServiceChanged(self.trunk.line, in_service, reason))

    @property
    def _alarm(self) -> str:
        return f"trunk:{self.trunk.line}:registration"

    def _arm(self) -> None:
        self._context.arm(self, self._timers.next())
