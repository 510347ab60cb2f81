# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing and reading the few SIP messages that the bench's phones exchange with the box.

Only what our own exchange sends needs to be understood; the stack under test is not used, so a
fault in it cannot hide itself.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Headers = Mapping[str, str]
SDP = """v=0\r
o=- 1 1 IN IP4 {host}\r
s=-\r
c=IN IP4 {host}\r
t=0 0\r
m=audio {port} RTP/AVP 8 101\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:101 telephone-event/8000\r
a=ptime:20\r
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A received message; header names in lower case, the first of several Via on top."""

    start: str
    headers: Headers
    vias: tuple[str, ...]
    body: str
    at_ns: int  # arrival by the kernel's CLOCK_REALTIME

    @property
    def status(self) -> int:
        """Code of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the one that is answered."""
        return self.headers["cseq"].split()[1]

    @property
    def call_id(self) -> str:
        return self.headers["call-id"]

    def audio_port(self) -> int:
        """RTP port of the SDP."""
        found = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        if found is None:
            raise ValueError(f"no audio in {self.start!r}")
        return int(found[1])


def parse(data: bytes, at_ns: int) -> Message:
    """Read a message of our exchange; raises ValueError for what is none."""
    head, _, body = data.decode().partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    pairs = [(name.strip().lower(), value.strip()) for name, _, value in
             (line.partition(":") for line in lines)]  # fmt: skip
    vias = tuple(value for name, value in pairs if name == "via")
    return Message(start, dict(pairs), vias, body, at_ns)


def write(start: str, headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """A message with its Content-Length."""
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append("Content-Type: application/sdp")
    lines += [f"Content-Length: {len(body.encode())}", "", body]
    return "\r\n".join(lines).encode()


def answer(request: Message, status: str, tag: str, contact: str, body: str = "") -> bytes:
    """A response to a request."""
    to = request.headers["to"]
    headers = [("Via", via) for via in request.vias]
    headers += [
        ("From", request.headers["from"]),
        ("To", to if ";tag=" in to else f"{to};tag={tag}"),
        ("Call-ID", request.call_id),
        ("CSeq", request.headers["cseq"]),
        ("Contact", contact),
    ]
    return write(f"SIP/2.0 {status}", headers, body)


class Credentials:
    """A phone's password and the challenge it goes on using (RFC 7616, MD5, qop=auth)."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenge: dict[str, str] = {}
        self._count = 0

    def take(self, response: Message) -> None:
        """Read the challenge of a 401."""
        value = response.headers["www-authenticate"]
        self._challenge = dict(re.findall(r'(\w+)="?([^",]+)"?', value))
        self._count = 0

    def header(self, method: str, uri: str) -> list[tuple[str, str]]:
        """The Authorization header, none before the first challenge."""
        if not self._challenge:
            return []
        self._count += 1
        realm, nonce = self._challenge["realm"], self._challenge["nonce"]
        count, client = f"{self._count:08x}", secrets.token_hex(4)
        who = _md5(f"{self._username}:{realm}:{self._password}")
        response = _md5(f"{who}:{nonce}:{count}:{client}:auth:{_md5(f'{method}:{uri}')}")
        value = (
            f'Digest username="{self._username}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'algorithm=MD5, qop=auth, nc={count}, cnonce="{client}", response="{response}"'
        )
        return [("Authorization", value)]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
