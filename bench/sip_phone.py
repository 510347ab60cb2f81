# SPDX-License-Identifier: GPL-2.0-or-later
"""A SIP phone of the bench: registers, calls, rings and answers, and notes when packets came.

Arrival times are the kernel's (SO_TIMESTAMPNS), so the bench's own scheduling is not in them.
Nothing is repeated when a packet is lost: on the loopback none is, and a wait that runs out fails.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.sip_message import SDP, Credentials, Message, answer, parse, write

HOST = "127.0.0.1"
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("=qq")
WAIT_S = 5.0


def open_socket() -> socket.socket:
    """A UDP socket on the loopback address with kernel timestamps."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.bind((HOST, 0))
    opened.setblocking(False)
    return opened


def receive(opened: socket.socket) -> tuple[bytes, int]:
    """One datagram and its arrival, CLOCK_REALTIME ns; BlockingIOError when none waits."""
    data, extra, _, _ = opened.recvmsg(65536, 64)
    for level, kind, value in extra:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(value[: TIMESPEC.size])
            return data, seconds * 1_000_000_000 + nanoseconds
    return data, time.time_ns()


@dataclass
class PhoneCall:
    """One dialog, either side."""

    number: str
    call_id: str
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    sequence: int = 0
    branch: str = ""
    target: str = ""  # Request-URI: the number, later the other side's contact
    to: str = ""
    first_sent_ns: int = 0  # the INVITE without credentials, if there was one
    sent_ns: int = 0  # the INVITE that was accepted
    came_ns: int = 0  # at the called phone: arrival of its INVITE
    ringing_ns: int = 0  # caller: arrival of 180; called phone: its 180 left
    audio_port: int = 0  # of the other side
    responses: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    invite: Message | None = None  # at the called phone


class SipPhone:
    """One phone with one socket; belongs to the running loop."""

    def __init__(
        self, extension: str, password: str, exchange: tuple[str, int], rtp_port: int = 4000
    ) -> None:
        self.extension = extension
        self.answers = False  # pick up at once, or let it ring
        self.calls: dict[str, PhoneCall] = {}
        self.incoming: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self._exchange = exchange
        self._rtp_port = rtp_port
        self._credentials = Credentials(extension, password)
        self._socket = open_socket()
        self._address = f"{HOST}:{self._socket.getsockname()[1]}"
        self._contact = f"<sip:{extension}@{self._address}>"
        self._domain = f"{exchange[0]}:{exchange[1]}"
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Give the socket back."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    # ------------------------------------------------------------------ requests

    async def register(self) -> None:
        """Register with digest; TimeoutError or RuntimeError when that fails."""
        call = self._new_call(self.extension)
        call.target = f"sip:{self._domain}"
        for _ in range(2):
            self._send_request(call, "REGISTER", [("Expires", "3600")])
            response = await self._final(call)
            if response.status == 200:
                del self.calls[call.call_id]
                return
            self._credentials.take(response)
        raise RuntimeError(f"{self.extension} could not register: {response.start}")

    async def dial(self, number: str) -> PhoneCall:
        """Call a number; returns when it rings there (180), or is answered without ringing."""
        call = self._new_call(number)
        for _ in range(2):
            call.sent_ns = self._send_invite(call)
            call.first_sent_ns = call.first_sent_ns or call.sent_ns
            response = await self._until(call, lambda m: m.status > 100)
            if response.status != 401:
                break
            self._acknowledge(call, response)
            self._credentials.take(response)
        if response.status == 200:
            call.responses.put_nowait(response)  # for established
        elif response.status not in (180, 183):
            raise RuntimeError(f"{self.extension} called {number} and got {response.start}")
        call.ringing_ns = response.at_ns
        return call

    async def established(self, call: PhoneCall) -> None:
        """Wait for the 200 of a dialled call and acknowledge it."""
        response = await self._final(call)
        if response.status != 200:
            raise RuntimeError(f"{call.number} did not answer: {response.start}")
        call.audio_port = response.audio_port()
        call.to = response.headers["to"]
        call.target = response.headers["contact"].strip("<>").partition(">")[0]
        self._acknowledge(call, response, own_transaction=True)

    async def cancel(self, call: PhoneCall) -> None:
        """Give up a call that rings."""
        self._send(self._request(call, "CANCEL", call.branch))
        response = await self._until(call, lambda m: m.status >= 300)
        self._acknowledge(call, response)
        del self.calls[call.call_id]

    async def hang_up(self, call: PhoneCall) -> None:
        """End a dialled call that is established."""
        self._send_request(call, "BYE", [])
        await self._until(call, lambda m: m.method == "BYE" and m.status >= 200)
        del self.calls[call.call_id]

    def _new_call(self, number: str) -> PhoneCall:
        call = PhoneCall(number, f"{secrets.token_hex(8)}@{HOST}")
        call.target = f"sip:{number}@{self._domain}"
        call.to = f"<sip:{number}@{self._domain}>"
        self.calls[call.call_id] = call
        return call

    def _send_invite(self, call: PhoneCall) -> int:
        body = SDP.format(host=HOST, port=self._rtp_port)
        return self._send_request(call, "INVITE", [], body)

    def _send_request(
        self, call: PhoneCall, method: str, extra: list[tuple[str, str]], body: str = ""
    ) -> int:
        """Send a new request with credentials; returns when it left (CLOCK_REALTIME ns)."""
        call.sequence += 1
        call.branch = f"z9hG4bK{secrets.token_hex(8)}"
        extra = [*extra, *self._credentials.header(method, call.target)]
        return self._send(self._request(call, method, call.branch, extra, body))

    def _request(
        self,
        call: PhoneCall,
        method: str,
        branch: str,
        extra: list[tuple[str, str]] | None = None,
        body: str = "",
    ) -> bytes:
        headers = [
            ("Via", f"SIP/2.0/UDP {self._address};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self.extension}@{self._domain}>;tag={call.tag}"),
            ("To", call.to),
            ("Call-ID", call.call_id),
            ("CSeq", f"{call.sequence} {method}"),
            ("Contact", self._contact),
            *(extra or []),
        ]
        return write(f"{method} {call.target} SIP/2.0", headers, body)

    def _acknowledge(self, call: PhoneCall, final: Message, own_transaction: bool = False) -> None:
        branch = f"z9hG4bK{secrets.token_hex(8)}" if own_transaction else call.branch
        to, call.to = call.to, final.headers["to"]
        self._send(self._request(call, "ACK", branch))
        call.to = call.to if own_transaction else to

    async def _final(self, call: PhoneCall) -> Message:
        return await self._until(call, lambda m: m.status >= 200)

    async def _until(self, call: PhoneCall, wanted: Callable[[Message], bool]) -> Message:
        """The next response of the call that is wanted; others are dropped."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message = await call.responses.get()
                if wanted(message):
                    return message

    # ------------------------------------------------------------------ packets

    def _send(self, data: bytes) -> int:
        at_ns = time.time_ns()
        self._socket.sendto(data, self._exchange)
        return at_ns

    def _readable(self) -> None:
        try:
            while True:
                data, at_ns = receive(self._socket)
                self._take(parse(data, at_ns))
        except BlockingIOError:
            return

    def _take(self, message: Message) -> None:
        if not message.status:
            self._on_request(message)
        elif message.call_id in self.calls:
            self.calls[message.call_id].responses.put_nowait(message)

    def _on_request(self, request: Message) -> None:
        call = self.calls.get(request.call_id)
        if request.method == "INVITE" and call is None:
            self._ring(request)
        elif request.method == "CANCEL" and call is not None and call.invite is not None:
            self._respond(request, "200 OK", call)
            self._respond(call.invite, "487 Request Terminated", call)
            del self.calls[request.call_id]
        elif request.method == "BYE" and call is not None:
            self._respond(request, "200 OK", call)
            del self.calls[request.call_id]
        elif request.method in ("OPTIONS", "NOTIFY"):
            self._respond(request, "200 OK", call or PhoneCall("", request.call_id))

    def _ring(self, invite: Message) -> None:
        call = PhoneCall(self.extension, invite.call_id, came_ns=invite.at_ns, invite=invite)
        self.calls[call.call_id] = call
        call.audio_port = invite.audio_port()
        call.ringing_ns = self._respond(invite, "180 Ringing", call)
        if self.answers:
            self._respond(invite, "200 OK", call, SDP.format(host=HOST, port=self._rtp_port))
        self.incoming.put_nowait(call)

    def _respond(self, request: Message, status: str, call: PhoneCall, body: str = "") -> int:
        return self._send(answer(request, status, call.tag, self._contact, body))
