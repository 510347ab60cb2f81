# SPDX-License-Identifier: GPL-2.0-or-later
"""What the endpoint's machines share: settings, transactions, timers and the way out. Pure.

Machines append effects and facts to ``out``; the endpoint hands them over after each stimulus.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol, TypeVar

from firmware.effects import Effect
from firmware.events import LegFact, RtpOpened
from firmware.sip.auth import DigestClient
from firmware.sip.message import Message, Request, respond
from firmware.sip.names import ALLOWED_METHODS
from firmware.sip.settings import SipSettings
from firmware.sip.timers import Deadlines
from firmware.sip.transactions import (
    MAGIC_COOKIE,
    ClientTransaction,
    Flow,
    Handler,
    ServerTransaction,
    Transactions,
)
from firmware.sip.uri import Uri, sip_uri
from firmware.values import Cause, LegId, LineId

Item = Effect | LegFact
M = TypeVar("M", bound=Message)


class Timed(Protocol):
    """A machine with a deadline in the context."""

    def on_timer(self, now_s: float) -> None: ...


class LegMachine(Timed, Protocol):
    """Whoever owns a leg at present: an arriving call, an outgoing one, or a session."""

    line: LineId

    @property
    def state_name(self) -> str: ...

    def on_media(self, opened: RtpOpened | None, now_s: float) -> None: ...

    def on_rtp_lost(self, now_s: float) -> None: ...

    def alert(self, now_s: float) -> None: ...

    def answer(self, now_s: float) -> None: ...

    def hold(self, held: bool, now_s: float) -> None: ...

    def release(self, cause: Cause, now_s: float) -> None: ...


class Context:
    """The shared surroundings of all machines of one endpoint."""

    def __init__(self, settings: SipSettings, new_token: Callable[[], str]) -> None:
        self.settings = settings
        self.new_token = new_token  # each at least 16 hexadecimal digits, unguessable
        self.out: list[Item] = []
        self.transactions = Transactions(self.out.append)
        self.deadlines: Deadlines[Timed] = Deadlines()
        self.legs: dict[LegId, LegMachine] = {}
        self.dialogs: dict[tuple[str, str, str], Dialogued] = {}

    def emit(self, *items: Item) -> None:
        self.out.extend(items)

    def take(self) -> list[Item]:
        """Everything given out since the last time."""
        taken = self.out[:]
        self.out.clear()
        return taken

    # ------------------------------------------------------------------ parts of messages

    @property
    def sent_by(self) -> str:
        """How every Via of ours names us."""
        return f"{_bracketed(self.settings.host)}:{self.settings.port}"

    def via(self, flow: Flow) -> str:
        """A new Via of ours with a branch of its own."""
        branch = f"{MAGIC_COOKIE}{self.new_token()[:20]}"
        return f"SIP/2.0/{flow.transport.upper()} {self.sent_by};branch={branch};rport"

    def contact(self, flow: Flow, user: str = "") -> Uri:
        """Our Contact URI as seen over this transport."""
        params = ";transport=tcp" if flow.transport == "tcp" else ""
        user = user or self.settings.agent
        return sip_uri(user, _bracketed(self.settings.host), self.settings.port, params)

    def new_request(
        self, method: str, uri: str, flow: Flow, headers: dict[str, list[str]], body: bytes = b""
    ) -> Request:
        """A request with what every request of ours has; the caller adds the dialog's headers."""
        first = {"Via": [self.via(flow)], "Max-Forwards": ["70"]}
        return Request(method, uri, first | headers, body)

    def decorate(self, message: M) -> M:
        """Add what an INVITE or a final response of ours says about us."""
        message.headers["Allow"] = [", ".join(ALLOWED_METHODS)]
        name = "User-Agent" if isinstance(message, Request) else "Server"
        message.headers[name] = [self.settings.agent]
        return message

    def authorise(self, auth: DigestClient | None, request: Request) -> None:
        """Add credentials for the challenge at hand, if there was one."""
        if auth is None:
            return
        header = auth.authorise(request.method, request.uri, self.new_token())
        if header is not None:
            request.headers[header[0]] = [header[1]]

    def stable_tag(self, request: Request) -> str:
        """A To tag that is the same for every copy of this request, without keeping state."""
        number = request.first("CSeq").partition(" ")[0]
        key = f"{request.call_id}|{request.first('From')}|{number}"
        text = key.encode("utf-8", "surrogateescape")
        return hmac.new(self.settings.secret, text, hashlib.sha256).hexdigest()[:16]

    # ------------------------------------------------------------------ sending

    def send(
        self, request: Request, flow: Flow, handler: Handler, now_s: float
    ) -> ClientTransaction:
        return self.transactions.send(request, flow, handler, now_s)

    def reply(
        self, transaction: ServerTransaction, request: Request, code: int, now_s: float
    ) -> None:
        """Answer a request of a dialog with nothing but a code."""
        transaction.respond(respond(request, code, self.stable_tag(request)), now_s)

    def arm(self, machine: Timed, at_s: float | None) -> None:
        """The machine's next deadline."""
        self.deadlines.set(machine, at_s)


class Dialogued(Timed, Protocol):
    """Whoever takes the requests of a dialog."""

    def on_request(
        self, transaction: ServerTransaction | None, request: Request, now_s: float
    ) -> None: ...


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
