# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogs (RFC 3261 section 12): identity, route set, sequence numbers, where requests go.

A dialog is known by Call-ID and *both* tags. It can be written as plain data and read again, so
that an established call outlives the process that made it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from firmware.sip.context import Context
from firmware.sip.grammar import SipError
from firmware.sip.message import Message, Request, Response
from firmware.sip.transactions import Flow
from firmware.sip.uri import Uri, parse_address, parse_uri

DialogKey = tuple[str, str, str]


@dataclass(slots=True)
class Dialog:
    """One side's view of a dialog."""

    call_id: str
    local_tag: str
    remote_tag: str
    local: str  # our From value in requests, with the tag
    remote: str  # our To value in requests, with the tag
    target: str  # the peer's Contact URI
    routes: list[str]
    flow: Flow  # where the peer was seen
    initiated: bool  # we sent the INVITE
    pinned: bool  # a phone: may sit behind NAT, its flow goes before its Contact
    local_cseq: int
    remote_cseq: int

    @property
    def key(self) -> DialogKey:
        return (self.call_id, self.local_tag, self.remote_tag)

    @classmethod
    def of_server(cls, request: Request, local_tag: str, flow: Flow, pinned: bool) -> Dialog:
        """The dialog that an INVITE we answer creates (12.1.1); raises SipError."""
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.sender.tag,
            local=f"{request.first('To')};tag={local_tag}",
            remote=request.first("From"),
            target=_target(request),
            routes=_routes(request),
            flow=flow,
            initiated=False,
            pinned=pinned,
            local_cseq=0,
            remote_cseq=request.cseq.number,
        )

    @classmethod
    def of_client(cls, request: Request, response: Response, flow: Flow, pinned: bool) -> Dialog:
        """The dialog that a response to our INVITE creates (12.1.2); raises SipError."""
        return cls(
            call_id=request.call_id,
            local_tag=request.sender.tag,
            remote_tag=response.recipient.tag,
            local=request.first("From"),
            remote=response.first("To"),
            target=_target(response),
            routes=_routes(response)[::-1],
            flow=flow,
            initiated=True,
            pinned=pinned,
            local_cseq=request.cseq.number,
            remote_cseq=-1,
        )

    @classmethod
    def of_stray(cls, response: Response, source: Flow) -> Dialog:
        """The dialog of a 2xx whose INVITE is forgotten (13.2.2.4); raises SipError."""
        return cls(
            call_id=response.call_id,
            local_tag=response.sender.tag,
            remote_tag=response.recipient.tag,
            local=response.first("From"),
            remote=response.first("To"),
            target=_target(response),
            routes=_routes(response)[::-1],
            flow=source,
            initiated=True,
            pinned=True,
            local_cseq=response.cseq.number,
            remote_cseq=-1,
        )

    def request(
        self, context: Context, method: str, cseq: int = 0, body: bytes = b""
    ) -> tuple[Request, Flow]:
        """A request of this dialog and where it goes (12.2.1.1).

        ``cseq`` 0 takes the next number; an ACK is given its INVITE's number.
        """
        if not cseq:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._request_uri()
        flow = self.next_hop()
        headers = {
            "From": [self.local],
            "To": [self.remote],
            "Call-ID": [self.call_id],
            "CSeq": [f"{cseq} {method}"],
        }
        if routes:
            headers["Route"] = routes
        if method != "ACK":
            headers["Contact"] = [f"<{context.contact(flow)}>"]
            headers["User-Agent"] = [context.settings.agent]
        if body:
            headers["Content-Type"] = ["application/sdp"]
        return context.new_request(method, uri, flow, headers, body), flow

    def next_hop(self) -> Flow:
        """First route or the peer's Contact; a phone's own flow when that is not its Contact's."""
        if self.routes:
            return hop(parse_address(self.routes[0]).uri, self.flow.transport)
        target = parse_uri(self.target)
        return reachable(target, self.flow) if self.pinned else hop(target, self.flow.transport)

    def accept_cseq(self, number: int) -> bool:
        """Whether a request of the peer is in order (12.2.2)."""
        if number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh(self, message: Message) -> None:
        """Take the new remote target of a target-refresh request or its 2xx (12.2.1.2)."""
        try:
            self.target = _target(message)
        except SipError:
            pass  # no Contact: the old one stays

    def _request_uri(self) -> tuple[str, list[str]]:
        """Request-URI and Route; a first hop without ``lr`` is a strict router."""
        if self.routes:
            first = parse_address(self.routes[0]).uri
            if first.param("lr") is None:
                return str(first), [*self.routes[1:], f"<{self.target}>"]
        return self.target, self.routes

    def to_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Dialog:
        """Read :meth:`to_data` back; raises KeyError, TypeError or SipError."""
        transport, host, port = data["flow"]
        return cls(**(data | {"flow": Flow(transport, host, int(port))}))


def _target(message: Message) -> str:
    contacts = message.contacts
    if not contacts or not contacts[0].uri.host:
        raise SipError("No usable Contact")
    return str(contacts[0].uri)


def _routes(message: Message) -> list[str]:
    routes = message.items("Record-Route")
    if not all(parse_address(route).uri.host for route in routes):
        raise SipError("Record-Route without a host")
    return routes


def hop(uri: Uri, transport: str) -> Flow:
    """Where a request to this URI goes (RFC 3263 without its look-ups)."""
    transport = (uri.param("transport") or transport).lower()
    return Flow("tcp" if transport == "tcp" else "udp", uri.host.strip("[]"), uri.port or 5060)


def reachable(contact: Uri, seen: Flow) -> Flow:
    """Where a phone is reached: over its connection, at its Contact, or through its NAT.

    A Contact with another address than the one its packets come from is behind NAT.
    """
    if seen.transport != "udp" or contact.host.strip("[]").lower() != seen.host.lower():
        return seen
    return hop(contact, seen.transport)
