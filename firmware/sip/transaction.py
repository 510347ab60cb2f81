# SPDX-License-Identifier: GPL-2.0-or-later
"""The four transaction machines of RFC 3261 section 17, with the Accepted state of RFC 6026.

Three things drive a machine: a message for it, a call of its user (request or response to send)
and :meth:`on_timer`. Each returns what comes out, in order: ``bytes`` to put on the wire and
:class:`Response` values for the user. A request that times out gives its user a 408 of our own
making (RFC 3261 8.1.3.1). Timers carry the RFC's letters. Pure; driven by ``transactions.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum

from firmware.errors import LocalError
from firmware.sip.message import Request, Response, respond
from firmware.sip.timers import T1_S, T2_S, T4_S, TIMEOUT_S, Timers

Output = bytes | Response


class State(Enum):
    """States of RFC 3261 figures 5 to 8 and RFC 6026 figures 1 and 2."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class Client(ABC):
    """What the two client machines share: retransmission of one request."""

    __slots__ = ("_interval_s", "data", "reliable", "request", "state", "timers")

    def __init__(self, request: Request, reliable: bool, state: State) -> None:
        self.request = request
        self.data = request.to_bytes()
        self.reliable = reliable
        self.state = state
        self.timers = Timers()
        self._interval_s = T1_S

    def start(self, now_s: float) -> list[Output]:
        """Send the request for the first time."""
        resend, timeout = self._names()
        if not self.reliable:
            self.timers.start(resend, now_s + T1_S)
        self.timers.start(timeout, now_s + TIMEOUT_S)
        return [self.data]

    @abstractmethod
    def on_response(self, response: Response, now_s: float) -> list[Output]:
        """Take a response that matches this request."""

    def on_timer(self, now_s: float) -> list[Output]:
        """Let due timers act."""
        out: list[Output] = []
        for name in self.timers.pop_due(now_s):
            out += self._fire(name, now_s)
        return out

    def fail(self, code: int) -> list[Output]:
        """The transport or a timer gave up: tell the user so and end."""
        if self.state in (State.COMPLETED, State.ACCEPTED, State.TERMINATED):
            return []
        self._terminate()
        return [respond(self.request, code)]

    def _names(self) -> tuple[str, str]:
        return ("A", "B") if self.request.method == "INVITE" else ("E", "F")

    def _fire(self, name: str, now_s: float) -> list[Output]:
        if name in ("A", "E"):
            self._interval_s *= 2
            if name == "E":
                self._interval_s = min(self._interval_s, T2_S)
            self.timers.start(name, now_s + self._interval_s)
            return [self.data]
        if name in ("B", "F"):
            return self.fail(408)
        self._terminate()
        return []

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self.timers.clear()


class InviteClient(Client):
    """INVITE client transaction, RFC 3261 17.1.1 and RFC 6026 7.2."""

    __slots__ = ("_ack",)

    def __init__(self, request: Request, reliable: bool) -> None:
        super().__init__(request, reliable, State.CALLING)
        self._ack = b""

    def on_response(self, response: Response, now_s: float) -> list[Output]:
        if response.code < 200:
            return self._provisional(response)
        if response.code < 300:
            return self._success(response, now_s)
        return self._failure(response, now_s)

    def _provisional(self, response: Response) -> list[Output]:
        if self.state not in (State.CALLING, State.PROCEEDING):
            return []
        self.state = State.PROCEEDING
        self.timers.stop("A", "B")  # how long it may ring is the user's to bound
        return [response]

    def _success(self, response: Response, now_s: float) -> list[Output]:
        if self.state in (State.CALLING, State.PROCEEDING):
            self.state = State.ACCEPTED
            self.timers.clear()
            self.timers.start("M", now_s + TIMEOUT_S)
        return [response] if self.state is State.ACCEPTED else []

    def _failure(self, response: Response, now_s: float) -> list[Output]:
        if self.state is State.COMPLETED:
            return [self._ack]
        if self.state not in (State.CALLING, State.PROCEEDING):
            return []
        self.timers.clear()
        self._ack = make_ack(self.request, response).to_bytes()
        if self.reliable:
            self._terminate()
        else:
            self.state = State.COMPLETED
            self.timers.start("D", now_s + TIMEOUT_S)
        return [self._ack, response]

    def cancel(self, now_s: float) -> Request:
        """The CANCEL for this INVITE; only once a provisional response came (RFC 3261 9.1).

        Should no final response follow, the user gets a 487 of our own after 64*T1.
        """
        if self.state is not State.PROCEEDING:
            raise LocalError(f"CANCEL in state {self.state.value}; wait for a provisional response")
        self.timers.start("cancel", now_s + TIMEOUT_S)
        return make_cancel(self.request)

    def _fire(self, name: str, now_s: float) -> list[Output]:
        return self.fail(487) if name == "cancel" else super()._fire(name, now_s)


class NonInviteClient(Client):
    """Non-INVITE client transaction, RFC 3261 17.1.2."""

    __slots__ = ()

    def __init__(self, request: Request, reliable: bool) -> None:
        super().__init__(request, reliable, State.TRYING)

    def on_response(self, response: Response, now_s: float) -> list[Output]:
        if self.state not in (State.TRYING, State.PROCEEDING):
            return []
        if response.code < 200:
            self.state = State.PROCEEDING
            self._interval_s = T2_S
            return [response]
        self.timers.clear()
        if self.reliable:
            self._terminate()
        else:
            self.state = State.COMPLETED
            self.timers.start("K", now_s + T4_S)
        return [response]


class Server(ABC):
    """Server transaction: keeps the last response for retransmitted requests.

    After a final response only those bytes stay in memory (a finished transaction lingers 32 s,
    and under load these are most of what there is).
    """

    __slots__ = ("_interval_s", "_last", "reliable", "state", "timers")

    def __init__(self, reliable: bool, state: State) -> None:
        self.reliable = reliable
        self.state = state
        self.timers = Timers()
        self._last = b""
        self._interval_s = T1_S

    @property
    def answered(self) -> bool:
        """Whether a final response was given."""
        return self.state not in (State.TRYING, State.PROCEEDING)

    @abstractmethod
    def respond(self, response: Response, now_s: float) -> list[Output]:
        """Send a response to this request."""

    def on_retransmit(self) -> list[Output]:
        """The request came again: so does our last response."""
        resend = self.state in (State.PROCEEDING, State.COMPLETED) and self._last
        return [self._last] if resend else []

    def on_timer(self, now_s: float) -> list[Output]:
        """Let due timers act."""
        out: list[Output] = []
        for name in self.timers.pop_due(now_s):
            if name == "G":
                self._interval_s = min(self._interval_s * 2, T2_S)
                self.timers.start("G", now_s + self._interval_s)
                out.append(self._last)
            else:  # H, I, J and L end the transaction
                self.terminate()
        return out

    def terminate(self) -> None:
        self.state = State.TERMINATED
        self.timers.clear()

    def _check(self) -> None:
        if self.answered:
            raise LocalError(f"A response in state {self.state.value}; the request was answered")


class InviteServer(Server):
    """INVITE server transaction, RFC 3261 17.2.1 and RFC 6026 7.1.

    A 2xx is sent here once; its retransmission until the ACK is the user's (13.3.1.4).
    """

    __slots__ = ()

    def __init__(self, reliable: bool) -> None:
        super().__init__(reliable, State.PROCEEDING)

    def respond(self, response: Response, now_s: float) -> list[Output]:
        self._check()
        data = response.to_bytes()
        if response.code >= 200 and response.code < 300:
            self.state, self._last = State.ACCEPTED, b""
            self.timers.start("L", now_s + TIMEOUT_S)
            return [data]
        self._last = data
        if response.code >= 300:
            self.state = State.COMPLETED
            self.timers.start("H", now_s + TIMEOUT_S)
            if not self.reliable:
                self.timers.start("G", now_s + T1_S)
        return [data]

    def on_ack(self, now_s: float) -> None:
        """The ACK of a final response other than 2xx."""
        if self.state is not State.COMPLETED:
            return
        self.timers.clear()
        if self.reliable:
            self.terminate()
        else:
            self.state, self._last = State.CONFIRMED, b""
            self.timers.start("I", now_s + T4_S)


class NonInviteServer(Server):
    """Non-INVITE server transaction, RFC 3261 17.2.2."""

    __slots__ = ()

    def __init__(self, reliable: bool) -> None:
        super().__init__(reliable, State.TRYING)

    def respond(self, response: Response, now_s: float) -> list[Output]:
        self._check()
        self._last = response.to_bytes()
        if response.code < 200:
            self.state = State.PROCEEDING
        elif self.reliable:
            self.terminate()
        else:
            self.state = State.COMPLETED
            self.timers.start("J", now_s + TIMEOUT_S)
        return [self._last]


def make_ack(invite: Request, response: Response) -> Request:
    """The ACK of a final response other than 2xx (RFC 3261 17.1.1.3): same branch and hops."""
    ack = _same_hops("ACK", invite)
    ack.headers["To"] = list(response.headers["To"])
    return ack


def make_cancel(invite: Request) -> Request:
    """The CANCEL of an INVITE (RFC 3261 9.1): same branch and hops."""
    return _same_hops("CANCEL", invite)


def _same_hops(method: str, invite: Request) -> Request:
    headers = {
        "Via": [invite.items("Via")[0]],
        "Max-Forwards": ["70"],
        "From": list(invite.headers["From"]),
        "To": list(invite.headers["To"]),
        "Call-ID": list(invite.headers["Call-ID"]),
        "CSeq": [f"{invite.cseq.number} {method}"],
    }
    if "Route" in invite.headers:
        headers["Route"] = list(invite.headers["Route"])
    return Request(method, invite.uri, headers)
