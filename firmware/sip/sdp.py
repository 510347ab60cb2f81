# SPDX-License-Identifier: GPL-2.0-or-later
"""Session descriptions and offer/answer (RFC 4566, RFC 3264) for one audio stream.

We speak G.711 A-law and mu-law with telephone-event (RFC 4733). Other streams of an offer are
rejected with port 0 and kept in their place. Parsing is lenient in what it skips and strict in
what it uses; the only failure is :class:`SipError` (488 or 400). Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from firmware.effects import ConnectRtp
from firmware.sip.grammar import HOST, SipError
from firmware.values import Codec, LegId

MAX_LINES = 500
MAX_STREAMS = 16
PTIMES_MS = range(10, 61, 10)  # what the engine can packetise
STATIC = {Codec.PCMU: 0, Codec.PCMA: 8}  # RFC 3551 table 4
EVENT_TYPE = 101  # payload type of telephone-event in our offers
_OPPOSITE = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_CONNECTION = re.compile(rf"IN IP[46] ++([0-9A-Fa-f:]++|{HOST})(?:/[0-9/]++)?", re.I)
_MEDIA = re.compile(
    r"([A-Za-z0-9-]++) ++([0-9]{1,5})(?:/[0-9]++)? ++([A-Za-z0-9/_-]++)((?: ++\S++)++)"
)


class Stream(NamedTuple):
    """One m-line with what is said about it."""

    kind: str  # "audio", "video", "image" ...
    port: int  # 0: rejected or switched off
    protocol: str  # "RTP/AVP"
    formats: tuple[str, ...]
    host: str
    direction: str
    encodings: dict[str, str]  # format -> "PCMA/8000"
    ptime_ms: int


class Description(NamedTuple):
    """A parsed description."""

    streams: tuple[Stream, ...]

    def audio(self) -> int:
        """Index of the first live plain-RTP audio stream, -1 when there is none."""
        for index, stream in enumerate(self.streams):
            if stream.kind == "audio" and stream.port and stream.protocol == "RTP/AVP":
                return index
        return -1


class Negotiated(NamedTuple):
    """What offer and answer agreed on, seen from our side."""

    host: str
    port: int
    codec: Codec
    payload_type: int
    ptime_ms: int
    dtmf_payload_type: int  # -1: none, digits go in band
    direction: str  # ours: "sendrecv", "sendonly", "recvonly", "inactive"

    @property
    def send(self) -> bool:
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receive(self) -> bool:
        return self.direction in ("sendrecv", "recvonly")

    def order(self, leg: LegId) -> ConnectRtp:
        """The media order that carries this out."""
        return ConnectRtp(
            leg,
            self.host,
            self.port,
            self.codec,
            self.payload_type,
            self.ptime_ms,
            self.dtmf_payload_type,
            self.send,
            self.receive,
        )


@dataclass(frozen=True, slots=True)
class LocalAudio:
    """Our end: the RTP port and the identity of our session in o= lines."""

    host: str
    port: int
    session: int
    version: int = 1
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    direction: str = "sendrecv"
    other_streams: tuple[str, ...] = field(default=())  # m-lines we rejected, kept in place
    position: int = 0  # place of the audio stream among them

    def turned(self, direction: str) -> LocalAudio:
        """The same end in another direction, as the next version of the description."""
        return replace(self, direction=direction, version=self.version + 1)


def parse_sdp(body: bytes) -> Description:
    """A description; raises SipError. Lines that are not understood are passed over."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES or not lines[0].startswith("v="):
        raise SipError("Not a session description", 400)
    head, *sections = _sections(lines)
    if len(sections) > MAX_STREAMS:
        raise SipError("Too many media streams", 488)
    host = _connection(head, "")
    direction = _direction(head, "sendrecv")
    return Description(tuple(_stream(section, host, direction) for section in sections))


def _sections(lines: list[str]) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    return sections


def _connection(lines: list[str], default: str) -> str:
    for line in lines:
        if line.startswith("c="):
            match = _CONNECTION.fullmatch(line[2:].strip())
            if match is None:
                raise SipError("Malformed connection line", 400)
            return match.group(1)
    return default


def _direction(lines: list[str], default: str) -> str:
    return next((line[2:] for line in lines if line[:2] == "a=" and line[2:] in _OPPOSITE), default)


def _stream(lines: list[str], host: str, direction: str) -> Stream:
    match = _MEDIA.fullmatch(lines[0][2:].strip())
    if match is None or int(match[2]) > 65535:
        raise SipError("Malformed media line", 400)
    encodings: dict[str, str] = {}
    ptime = 0
    for line in lines[1:]:
        if line.startswith("a=rtpmap:"):
            number, _, encoding = line[9:].partition(" ")
            encodings[number] = encoding.strip()
        elif line.startswith("a=ptime:") and line[8:].strip().isdecimal():
            ptime = int(line[8:].strip()[:4])
    host = _connection(lines, host)
    if int(match[2]) and not host:
        raise SipError("No connection line", 400)
    return Stream(
        match[1].lower(),
        int(match[2]),
        match[3].upper(),
        tuple(match[4].split()),
        host,
        _direction(lines, direction),
        encodings,
        ptime,
    )


def build(local: LocalAudio, formats: list[str], encodings: list[str], ptime_ms: int = 20) -> bytes:
    """The text of a description of ours."""
    kind = "IP6" if ":" in local.host else "IP4"
    audio = [
        f"m=audio {local.port} RTP/AVP {' '.join(formats)}",
        *encodings,
        f"a=ptime:{ptime_ms}",
        f"a={local.direction}",
    ]
    streams = [[line] for line in local.other_streams]
    streams.insert(local.position, audio)
    lines = [
        "v=0",
        f"o=tipring {local.session} {local.version} IN {kind} {local.host}",
        "s=-",
        f"c=IN {kind} {local.host}",
        "t=0 0",
        *(line for stream in streams for line in stream),
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def make_offer(local: LocalAudio) -> bytes:
    """An offer of every codec we have."""
    types = [str(STATIC[codec]) for codec in local.codecs]
    maps = [f"a=rtpmap:{STATIC[codec]} {codec.value}/8000" for codec in local.codecs]
    return build(local, [*types, str(EVENT_TYPE)], [*maps, *_event_lines(EVENT_TYPE)])


def make_answer(local: LocalAudio, offer: Description) -> tuple[bytes, Negotiated, LocalAudio]:
    """Answer an offer; raises SipError(488) when no stream of it suits us.

    ``local.direction`` is what we want; the answer gives what the offer leaves of it.
    """
    index = offer.audio()
    if index < 0:
        raise SipError("No audio stream over RTP/AVP", 488)
    agreed = _agree(local, offer.streams[index])
    others = tuple(
        f"m={s.kind} 0 {s.protocol} {' '.join(s.formats)}"
        for i, s in enumerate(offer.streams)
        if i != index
    )
    local = replace(local, direction=agreed.direction, other_streams=others, position=index)
    maps = [f"a=rtpmap:{agreed.payload_type} {agreed.codec.value}/8000"]
    formats = [str(agreed.payload_type)]
    if agreed.dtmf_payload_type >= 0:
        formats.append(str(agreed.dtmf_payload_type))
        maps += _event_lines(agreed.dtmf_payload_type)
    return build(local, formats, maps, agreed.ptime_ms), agreed, local


def read_answer(local: LocalAudio, answer: Description) -> Negotiated:
    """What the answer to our offer means; raises SipError(488) when it refuses the audio."""
    streams = answer.streams
    if len(streams) <= local.position:
        raise SipError("The answer has too few streams", 488)
    stream = streams[local.position]
    if stream.kind != "audio" or not stream.port:
        raise SipError("The answer refuses the audio", 488)
    return _agree(local, stream)


def _event_lines(payload_type: int) -> list[str]:
    return [f"a=rtpmap:{payload_type} telephone-event/8000", f"a=fmtp:{payload_type} 0-16"]


def _agree(local: LocalAudio, stream: Stream) -> Negotiated:
    codec, payload_type = _choose(local, stream)
    events = [n for n, e in stream.encodings.items() if e.lower() == "telephone-event/8000"]
    dtmf = next((int(n) for n in events if n in stream.formats and _is_type(n)), -1)
    direction = stream.direction
    if stream.host in ("0.0.0.0", "::", "[::]"):  # hold as RFC 2543 had it
        direction = "sendonly" if direction in ("sendrecv", "sendonly") else "inactive"
    ptime = stream.ptime_ms if stream.ptime_ms in PTIMES_MS else 20
    ours = _meet(_OPPOSITE[direction], local.direction)
    host = stream.host.strip("[]")
    return Negotiated(host, stream.port, codec, payload_type, ptime, dtmf, ours)


def _choose(local: LocalAudio, stream: Stream) -> tuple[Codec, int]:
    """The first format of theirs that we have."""
    for number in stream.formats:
        if not _is_type(number):
            continue
        name = stream.encodings.get(number, "").upper()
        for codec in local.codecs:
            static = not name and int(number) == STATIC[codec]
            if static or name in (f"{codec.value}/8000", f"{codec.value}/8000/1"):
                return codec, int(number)
    raise SipError("No codec in common", 488)


def _is_type(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) < 4 and int(number) < 128


def _meet(left: str, right: str) -> str:
    """What both directions allow."""
    send = all(d in ("sendrecv", "sendonly") for d in (left, right))
    receive = all(d in ("sendrecv", "recvonly") for d in (left, right))
    if send and receive:
        return "sendrecv"
    if send:
        return "sendonly"
    return "recvonly" if receive else "inactive"
