# SPDX-License-Identifier: GPL-2.0-or-later
"""Enums and small value types that every part of the exchange shares. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import NewType

LineId = NewType("LineId", str)
"""Name of a line as the installer wrote it: ``FXS1``, ``FXO1``, ``sip:109``, ``itsp``."""

LegId = NewType("LegId", int)
"""One party's signalling; also the number of its port in the media engine (1..2**31-1)."""

CallId = NewType("CallId", str)
"""One call in the records; unique for ever on one box."""

DIGITS = "0123456789*#ABCD"
"""Every key a caller can press (ITU-T Q.23)."""


class LineKind(Enum):
    """What a line is made of. An FXS port rings a telephone, an FXO port takes an exchange line."""

    FXS = "fxs"
    FXO = "fxo"
    SIP_PHONE = "sip-phone"
    SIP_TRUNK = "sip-trunk"


class Cause(IntEnum):
    """Why a leg ended: ITU-T Q.850 values, on every kind of line."""

    UNALLOCATED = 1
    NO_ROUTE = 3
    NORMAL = 16
    BUSY = 17
    NO_USER_RESPONSE = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    REJECTED = 21
    ANSWERED_ELSEWHERE = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER = 28
    FACILITY_REJECTED = 29
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    CONGESTION = 42
    NOT_PERMITTED = 57
    INCOMPATIBLE = 88
    RECOVERY_ON_TIMER = 102
    PROTOCOL_ERROR = 111
    INTERWORKING = 127


class Presentation(Enum):
    """Whether the caller's number may be shown, and why it is absent."""

    AVAILABLE = "available"
    RESTRICTED = "restricted"
    UNAVAILABLE = "unavailable"


class Supervision(Enum):
    """How sure an answer is: polarity or protocol, voice or end of ringback, or nothing at all."""

    CERTAIN = "certain"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class Verdict(Enum):
    """What a digit automaton says after a digit."""

    MORE = "more needed"
    COMPLETE = "complete"
    MAY_GROW = "complete but may grow"
    IMPOSSIBLE = "impossible"


class ToneName(Enum):
    """Call-progress tones; frequencies and cadences come from the country."""

    DIAL = "dial"
    STUTTER_DIAL = "stutter-dial"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    REORDER = "reorder"
    HOWLER = "howler"
    CALL_WAITING = "call-waiting"
    SPECIAL_INFORMATION = "special-information"
    CONFIRMATION = "confirmation"
    BEEP = "beep"
    SILENCE = "silence"


class RingClass(Enum):
    """Distinctive ringing: where the call comes from."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    RECALL = "recall"


class Codec(Enum):
    """Audio encodings of RTP legs, named as in SDP."""

    PCMA = "PCMA"
    PCMU = "PCMU"


@dataclass(frozen=True, slots=True)
class Party:
    """Who a leg belongs to, as shown to the other side and written in the records."""

    number: str = ""  # digits as received or dialled, "" when unknown
    name: str = ""  # display name, UTF-8
    presentation: Presentation = Presentation.AVAILABLE
    absence: str = ""  # why number is "": "private", "out of area", "no burst", "checksum" ...


@dataclass(frozen=True, slots=True)
class ToneSegment:
    """One step of a tone: up to two frequencies, then silence."""

    frequencies_hz: tuple[float, ...]  # 0..2 entries; empty means silence
    on_ms: int  # 0 means for ever
    off_ms: int = 0
    level_dbm0: float = -13.0  # each frequency


@dataclass(frozen=True, slots=True)
class Tone:
    """Segments played in turn. ``repeat`` 0 means for ever, else that many rounds."""

    segments: tuple[ToneSegment, ...]
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class ToneTemplate:
    """What the call-progress detector looks for: frequency *and* cadence."""

    name: ToneName
    frequencies_hz: tuple[float, ...]
    on_ms: tuple[int, int]  # shortest, longest; longest 0 means continuous
    off_ms: tuple[int, int]  # (0, 0) for a continuous tone
    cycles: int = 2  # on-off rounds before it is reported; 1 for a continuous tone


@dataclass(frozen=True, slots=True)
class Message:
    """One voicemail message; its sound is a WAV file."""

    id: str  # unique for ever on one box
    mailbox: str  # extension of the owner
    path: str
    caller: Party
    duration_s: float
    received: datetime  # aware
    heard: bool = False  # False: new; True: listened to or saved
