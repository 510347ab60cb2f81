# SPDX-License-Identifier: GPL-2.0-or-later
"""All transactions of the endpoint: matching, timers and the way of each message (RFC 3261 17, 18).

Users give a request and a handler that is called with each response; server transactions are
handed out for new requests only, so a retransmitted request never reaches the user twice. Sent
messages are appended to ``out`` as :class:`SendDatagram`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware.effects import SendDatagram
from firmware.sip.grammar import SipError
from firmware.sip.message import Request, Response, Via
from firmware.sip.timers import Deadlines
from firmware.sip.transaction import (
    Client,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    Output,
    Server,
    State,
)

MAGIC_COOKIE = "z9hG4bK"  # RFC 3261 8.1.1.7
MAX_SERVERS = 20_000  # about 600 requests a second for 32 s; beyond that requests are refused


class Flow(NamedTuple):
    """Where a message came from or goes to. A name as host is resolved by the transport."""

    transport: str  # "udp" or "tcp"
    host: str
    port: int

    @property
    def reliable(self) -> bool:
        return self.transport != "udp"


Handler = Callable[[Response, float], None]
Key = tuple[str, ...]


class ClientTransaction:
    """One client machine, where its request went and who takes its responses."""

    __slots__ = ("flow", "handler", "key", "machine")

    def __init__(self, machine: Client, flow: Flow, handler: Handler, key: Key) -> None:
        self.machine = machine
        self.flow = flow
        self.handler = handler
        self.key = key


class ServerTransaction:
    """One server machine and where its responses go."""

    __slots__ = ("_owner", "flow", "key", "machine", "merge_key", "on_cancel", "source")

    def __init__(
        self, owner: Transactions, machine: Server, source: Flow, request: Request
    ) -> None:
        self._owner = owner
        self.machine = machine
        self.source = source
        self.flow = reply_flow(request.via, source)
        self.key = server_key(request)
        self.merge_key = merge_key(request)
        self.on_cancel: Callable[[Request, float], None] | None = None

    def respond(self, response: Response, now_s: float) -> None:
        """Send a response; raises LocalError after a final one."""
        self._owner.carry_out_server(self, self.machine.respond(response, now_s))

    @property
    def answered(self) -> bool:
        return self.machine.answered


class Transactions:
    """Every transaction there is, by the keys of RFC 3261 17.1.3 and 17.2.3."""

    def __init__(self, out: Callable[[SendDatagram], None]) -> None:
        self._out = out
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._merged: dict[Key, Key] = {}
        self._deadlines: Deadlines[ClientTransaction | ServerTransaction] = Deadlines()

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    # ------------------------------------------------------------------ client side

    def send(
        self, request: Request, flow: Flow, handler: Handler, now_s: float
    ) -> ClientTransaction:
        """Start a client transaction; ``handler`` gets every response, also 408 and 503 of ours."""
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        machine = kind(request, flow.reliable)
        transaction = ClientTransaction(machine, flow, handler, client_key(request))
        self._clients[transaction.key] = transaction
        self._carry_out_client(transaction, machine.start(now_s), now_s)
        return transaction

    def on_response(self, response: Response, now_s: float) -> bool:
        """Hand a response to its transaction; False when it belongs to none."""
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        if transaction is None or len(response.items("Via")) != 1:  # RFC 3261 8.1.3.3
            return False
        self._carry_out_client(transaction, transaction.machine.on_response(response, now_s), now_s)
        return True

    def cancel(self, transaction: ClientTransaction, reason: str, now_s: float) -> None:
        """Send CANCEL for an INVITE that has had a provisional response."""
        machine = transaction.machine
        assert isinstance(machine, InviteClient)
        request = machine.cancel(now_s)
        if reason:
            request.headers["Reason"] = [reason]
        self._after(transaction, self._clients)
        self.send(request, transaction.flow, ignore, now_s)

    def fail_flow(self, flow: Flow, now_s: float) -> None:
        """The transport cannot reach ``flow``: its waiting requests fail with 503 (8.1.3.1)."""
        for transaction in [t for t in self._clients.values() if t.flow == flow]:
            self._carry_out_client(transaction, transaction.machine.fail(503), now_s)

    def _carry_out_client(
        self, transaction: ClientTransaction, outputs: list[Output], now_s: float
    ) -> None:
        self._after(transaction, self._clients)
        for output in outputs:
            if isinstance(output, bytes):
                self._out(SendDatagram(*transaction.flow, output))
            else:
                transaction.handler(output, now_s)

    # ------------------------------------------------------------------ server side

    def on_request(self, request: Request, source: Flow, now_s: float) -> ServerTransaction | None:
        """A transaction for a new request; None when it was a retransmission and is dealt with."""
        known = self._servers.get(server_key(request))
        if known is not None:
            if request.method == "ACK" and isinstance(known.machine, InviteServer):
                known.machine.on_ack(now_s)
                self._after(known, self._servers)
            else:
                self.carry_out_server(known, known.machine.on_retransmit())
            return None
        if request.method == "ACK":  # of a 2xx: its own transaction, never answered
            return None
        return self._new_server(request, source)

    def absorbs(self, request: Request) -> bool:
        """Whether this request belongs to a transaction that exists.

        The ACK of a 2xx does not, even from peers that give it the INVITE's branch.
        """
        known = self._servers.get(server_key(request))
        if known is None:
            return False
        return request.method != "ACK" or known.machine.state is not State.ACCEPTED

    def is_merged(self, request: Request) -> bool:
        """Whether the same request came before by another way (RFC 3261 8.2.2.2)."""
        return not request.recipient.tag and merge_key(request) in self._merged

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE transaction that a CANCEL means (RFC 3261 9.2)."""
        return self._servers.get(server_key(cancel, "INVITE"))

    def _new_server(self, request: Request, source: Flow) -> ServerTransaction:
        if len(self._servers) >= MAX_SERVERS:
            raise SipError("Too many requests at once", 503)
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        transaction = ServerTransaction(self, kind(source.reliable), source, request)
        self._servers[transaction.key] = transaction
        self._merged[transaction.merge_key] = transaction.key
        return transaction

    def carry_out_server(self, transaction: ServerTransaction, outputs: list[Output]) -> None:
        """Send what a server machine gave out."""
        self._after(transaction, self._servers)
        for output in outputs:
            assert isinstance(output, bytes)
            self._out(SendDatagram(*transaction.flow, output))

    # ------------------------------------------------------------------ time

    def next_timeout(self) -> float | None:
        return self._deadlines.next()

    def on_timer(self, now_s: float) -> None:
        for transaction in self._deadlines.pop_due(now_s):
            if isinstance(transaction, ClientTransaction):
                outputs = transaction.machine.on_timer(now_s)
                self._carry_out_client(transaction, outputs, now_s)
            else:
                self.carry_out_server(transaction, transaction.machine.on_timer(now_s))

    def _after(
        self,
        transaction: ClientTransaction | ServerTransaction,
        table: dict[Key, ClientTransaction] | dict[Key, ServerTransaction],
    ) -> None:
        """Re-arm a transaction after a stimulus, or forget it when it has ended."""
        self._deadlines.set(transaction, transaction.machine.timers.next())
        if transaction.machine.state is State.TERMINATED:
            table.pop(transaction.key, None)
            if isinstance(transaction, ServerTransaction):
                self._merged.pop(transaction.merge_key, None)


def ignore(_response: Response, _now_s: float) -> None:
    """The handler of requests whose outcome changes nothing (CANCEL, NOTIFY)."""


def client_key(request: Request) -> Key:
    """RFC 3261 17.1.3: branch and method."""
    return (request.via.branch, request.method)


def server_key(request: Request, method: str = "") -> Key:
    """RFC 3261 17.2.3; ACK counts as its INVITE. Old peers' branches are not unique."""
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.via
    if via.branch.startswith(MAGIC_COOKIE):
        return (via.branch, via.sent_by, method)
    tag, number = request.sender.tag, str(request.cseq.number)
    return (request.call_id, tag, number, via.branch, via.sent_by, method)


def merge_key(request: Request) -> Key:
    """What two copies of one request share whatever way they came (RFC 3261 8.2.2.2)."""
    return (request.sender.tag, request.call_id, str(request.cseq.number), request.cseq.method)


def reply_flow(via: Via, source: Flow) -> Flow:
    """Where responses go (RFC 3261 18.2.2, RFC 3581 4).

    Always to the address the request came from, so nobody can aim our answers at a third party;
    to the port in Via only when the sender did not ask for ``rport``.
    """
    if source.reliable or "rport" in via.params:
        return source
    return Flow(source.transport, source.host, via.port or 5060)
