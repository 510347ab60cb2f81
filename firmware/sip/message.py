# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP messages: bytes to :class:`Request` or :class:`Response` and back (RFC 3261 section 7).

Headers are split once and kept as text under their canonical names; typed values are parsed when
first asked for. Nothing here knows transactions or dialogs. The only failure is
:class:`BadMessage`, which carries what can be echoed in an answer. Pure.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeVar

from firmware.sip.grammar import HOST, TOKEN, SipError, parse_params, parse_port, split_list
from firmware.sip.names import REASONS, canonical
from firmware.sip.uri import Address, parse_address

MAX_HEAD = 16_384  # octets of start line and headers; real INVITEs stay under 4,000
MAX_HEADERS = 200  # header fields; real messages have under 40
MAX_BODY = 65_536  # octets; an SDP with every codec known stays under 4,000

_REQUEST_LINE = re.compile(rf"({TOKEN}) (\S++) (SIP/[0-9]++\.[0-9]++)", re.I)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*+))?", re.I | re.S)
_FOLD = re.compile(r"[ \t]*+\n[ \t]++")
_VIA = re.compile(
    rf"SIP\s*+/\s*+2\.0\s*+/\s*+({TOKEN})\s++({HOST})\s*+(?::\s*+([0-9]{{1,5}})\s*+)?(;.*+)?",
    re.I | re.S,
)
_CSEQ = re.compile(rf"([0-9]{{1,10}})\s++({TOKEN})")
_SINGLE = ("From", "To", "Call-ID", "CSeq")

T = TypeVar("T")


class Via(NamedTuple):
    """One hop of the way back (RFC 3261 20.42)."""

    transport: str  # upper case
    host: str
    port: int  # 0: not given
    params: dict[str, str]

    @property
    def branch(self) -> str:
        return self.params.get("branch", "")

    @property
    def sent_by(self) -> str:
        return f"{self.host.lower()}:{self.port or 5060}"


class CSeq(NamedTuple):
    """Number and method (RFC 3261 20.16)."""

    number: int
    method: str


def parse_via(text: str) -> Via:
    """One Via value; raises SipError."""
    match = _VIA.fullmatch(text)
    if match is None:
        raise SipError("Malformed Via")
    transport, host, port, params = match.groups("")
    return Via(transport.upper(), host, parse_port(port), parse_params(params))


def parse_cseq(text: str) -> CSeq:
    """A CSeq value; raises SipError."""
    match = _CSEQ.fullmatch(text)
    if match is None or int(match.group(1)) >= 2**31:
        raise SipError("Malformed CSeq")
    return CSeq(int(match.group(1)), match.group(2))


class Message:
    """What requests and responses have in common: headers by canonical name, and a body."""

    __slots__ = ("_typed", "body", "headers")

    def __init__(self, headers: dict[str, list[str]], body: bytes = b"") -> None:
        self.headers = headers
        self.body = body
        self._typed: dict[str, Any] = {}

    def first(self, name: str) -> str:
        """First value as text, "" when the header is absent."""
        values = self.headers.get(name)
        return values[0] if values else ""

    def items(self, name: str) -> list[str]:
        """All items of a comma-separated header, in order (RFC 3261 7.3.1)."""
        return [item for value in self.headers.get(name, ()) for item in split_list(value)]

    @property
    def via(self) -> Via:
        """The topmost Via."""
        via: Via | None = self._typed.get("Via")
        if via is None:
            via = self._typed["Via"] = parse_via((self.items("Via") or [""])[0])
        return via

    @property
    def cseq(self) -> CSeq:
        cseq: CSeq | None = self._typed.get("CSeq")
        if cseq is None:
            cseq = self._typed["CSeq"] = parse_cseq(self.first("CSeq"))
        return cseq

    @property
    def sender(self) -> Address:
        """The From header."""
        return self._address("From")

    @property
    def recipient(self) -> Address:
        """The To header."""
        return self._address("To")

    @property
    def call_id(self) -> str:
        return self.first("Call-ID")

    def _address(self, name: str) -> Address:
        address: Address | None = self._typed.get(name)
        if address is None:
            address = self._typed[name] = parse_address(self.first(name))
        return address

    @property
    def contacts(self) -> list[Address]:
        """All Contact values but ``*``; raises SipError."""
        return [parse_address(item) for item in self.items("Contact") if item != "*"]

    def content_type(self) -> str:
        """Media type in lower case without parameters, "" when there is none."""
        return self.first("Content-Type").partition(";")[0].strip().lower()

    def _serialise(self, start_line: str) -> bytes:
        lines = [start_line]
        for name, values in self.headers.items():
            lines += [f"{name}: {value}" for value in values]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request; ``uri`` is the Request-URI as written."""

    __slots__ = ("method", "uri")

    def __init__(
        self, method: str, uri: str, headers: dict[str, list[str]], body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def to_bytes(self) -> bytes:
        return self._serialise(f"{self.method} {self.uri} SIP/2.0")


class Response(Message):
    """A response."""

    __slots__ = ("code", "reason")

    def __init__(
        self, code: int, reason: str, headers: dict[str, list[str]], body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.code = code
        self.reason = reason

    def to_bytes(self) -> bytes:
        return self._serialise(f"SIP/2.0 {self.code} {self.reason}")


class BadMessage(SipError):
    """Bytes that are no valid message. ``request`` holds what can be echoed, or None."""

    def __init__(self, text: str, code: int = 400, request: Request | None = None) -> None:
        super().__init__(text, code)
        self.request = request


def parse_message(data: bytes) -> Request | Response:
    """One whole message, as a datagram brought it or the stream framer cut it.

    Raises BadMessage and nothing else, whatever the bytes are.
    """
    head, blank, body = _split(data)
    lines = (
        _FOLD.sub(" ", head).split("\n") if "\n " in head or "\n\t" in head else head.split("\n")
    )
    status = _STATUS_LINE.fullmatch(lines[0])
    if status is not None:
        response = Response(int(status[1]), status[2] or "", _headers(lines), body)
        _check(response)
        return response
    return _request(lines, blank, body)


def _split(data: bytes) -> tuple[str, bool, bytes]:
    """Head with bare line feeds, whether the blank line was there, and the body."""
    data = data.lstrip(b"\r\n")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        head, blank, body = data.partition(b"\n\n")
    if len(head) > MAX_HEAD or len(body) > MAX_BODY:
        raise BadMessage("Message too large", 513)
    text = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return text, bool(blank), body


def _request(lines: list[str], blank: bool, body: bytes) -> Request:
    line = _REQUEST_LINE.fullmatch(lines[0])
    method = line[1] if line else lines[0].partition(" ")[0]
    request = Request(method, line[2] if line else "", {}, body)
    try:
        request.headers = _headers(lines)
        if line is None:
            raise SipError("Malformed request line")
        if line[3].upper() != "SIP/2.0":
            raise SipError("Version not supported", 505)
        if not blank:
            raise SipError("No blank line after the headers")
        _check(request)
        if request.cseq.method != method:
            raise SipError("CSeq names another method")
    except SipError as error:
        raise BadMessage(str(error), error.code, _echo(request)) from None
    return request


def _headers(lines: list[str]) -> dict[str, list[str]]:
    """Header fields by canonical name, values trimmed, order kept within a name."""
    if len(lines) > MAX_HEADERS:
        raise BadMessage("Too many header fields", 513)
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            # Noise between the headers is passed over; what is needed is checked by name.
            continue
        headers.setdefault(canonical(name.strip()), []).append(value.strip())
    return headers


def _check(message: Message) -> None:
    """What every message must have to be matched and answered (RFC 3261 8.1.1)."""
    try:
        for name in _SINGLE:
            if len(message.headers.get(name, ())) != 1:
                raise SipError(f"Exactly one {name} is needed")
        if not message.call_id:
            raise SipError("Call-ID is empty")
        _ = message.via, message.cseq, message.sender, message.recipient
        _fit_body(message)
    except SipError as error:
        raise BadMessage(str(error), error.code) from None


def _fit_body(message: Message) -> None:
    """Cut the body to Content-Length; more octets than announced are padding (RFC 3261 18.3)."""
    lengths = message.headers.pop("Content-Length", None)
    if lengths is None:
        return
    text = lengths[0]
    if len(set(lengths)) != 1 or not (text.isascii() and text.isdigit() and len(text) < 7):
        raise SipError("Malformed Content-Length")
    length = int(text)
    if length > len(message.body):
        raise SipError("Body shorter than Content-Length")
    message.body = message.body[:length]


def _echo(request: Request) -> Request | None:
    """The request if an answer can find its way back (a Via is there and it wants an answer)."""
    method = request.method.upper()
    if method == "ACK" or method.startswith("SIP/") or not request.headers.get("Via"):
        return None  # ACKs and responses, however broken, are never answered
    return request


def respond(request: Request, code: int, to_tag: str = "", body: bytes = b"") -> Response:
    """An answer with the headers that must be copied (RFC 3261 8.2.6.2).

    ``to_tag`` is added to To unless the request was in a dialog.
    """
    headers: dict[str, list[str]] = {}
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        if values := request.headers.get(name):
            headers[name] = list(values)
    if code == 100 and "Timestamp" in request.headers:
        headers["Timestamp"] = list(request.headers["Timestamp"])
    if to_tag and "To" in headers and ";tag=" not in headers["To"][0].lower().replace(" ", ""):
        headers["To"] = [f"{headers['To'][0]};tag={to_tag}"]
    return Response(code, REASONS.get(code, "Unknown"), headers, body)


def note_source(request: Request, host: str, port: int) -> None:
    """Write where the request really came from into its top Via (RFC 3261 18.2.1, RFC 3581)."""
    via = request.via
    note = ""
    if "rport" in via.params or via.host.strip("[]").lower() != host.lower():
        note = f";received={host}"
    text, *others = request.items("Via")
    if "rport" in via.params:
        text = re.sub(r";\s*rport\b(?:\s*=[^;,]*)?", f";rport={port}", text, count=1, flags=re.I)
    request.headers["Via"] = [text + note, *others]
