# SPDX-License-Identifier: GPL-2.0-or-later
"""What an office file may say: every table and key, with types, ranges and defaults.

Shapes only; that names lead somewhere is `firmware.config.check`, that callers do is
`firmware.routing.prove`. The console builds its forms from these models, so each field's
description is the text an installer reads. No I/O.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    Strict,
    StringConstraints,
)

from firmware.config.problems import Source

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
"""Name of a line, trunk, queue, schedule, scheme or block."""
Extension = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,6}$")]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}$")]
OutsideNumber = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{2,20}$")]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,8}$")]
Hours = Annotated[str, StringConstraints(pattern=r"^[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Days = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?$"),
    BeforeValidator(lambda v: v.isoformat() if type(v) is date else v),
]
"""A date, with or without quotes, or "first..last"."""
MenuKey = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
Prompt = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
Prompts = Annotated[
    tuple[Prompt, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)
]
"""One prompt, or a list of prompts played one after the other."""
Seconds = Annotated[float, Strict(), Field(gt=0, le=3600)]
Flag = Annotated[bool, Strict()]
Country = Literal["RU", "UA", "PL", "DE", "UK", "US"]
Language = Literal["en", "ru", "uk", "pl"]


class Part(BaseModel):
    """Base of every table of the file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class General(Part):
    """[office]"""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    language: Language = Field(description="language of the prompts")
    country: Country = Field(description="tones, timings and dialling rules")
    time_zone: str = Field(description="IANA name, such as Europe/Kyiv; schedules follow it")
    emergency: tuple[Digits, ...] = Field(description="numbers every phone may dial as they are")
    emergency_behind_prefix: tuple[Digits, ...] = Field(
        (), description="emergency numbers that are extensions here; dial an outside prefix first"
    )
    emergency_trunks: tuple[Name, ...] = Field(
        (), description="trunks for emergency calls, in order; all groups, then SIP when empty"
    )
    recordings: str = Field("", description="folder of own recordings, relative to this file")


class Sip(Part):
    """[sip]"""

    listen: Annotated[str, StringConstraints(pattern=r"^\S+:\d{1,5}$")] = "0.0.0.0:5060"
    realm: Annotated[str, StringConstraints(pattern=r"^[!#-~]{1,60}$")] = "tipring"
    digests: tuple[Literal["SHA-256", "MD5"], ...] = Field(
        ("SHA-256", "MD5"), min_length=1, description='["MD5"] for phones that know nothing else'
    )


class Card(Part):
    """[[cards]]"""

    name: Name
    revision: str = Field(description="file name in board/revisions without .toml")
    device: str = Field(description="serial device of the card's link")
    audio: str = Field(description="ALSA device of the card's sound stream")


class FxsLine(Part):
    """[[lines]] with kind = "fxs": a telephone is plugged in."""

    kind: Literal["fxs"]
    name: Name
    card: Name
    port: Name
    country: Country | None = None
    receive_gain_db: Annotated[float, Strict(), Field(ge=-12, le=12)] = 0.0
    transmit_gain_db: Annotated[float, Strict(), Field(ge=-12, le=12)] = 0.0


class FxoLine(Part):
    """[[lines]] with kind = "fxo": an exchange line is plugged in."""

    kind: Literal["fxo"]
    name: Name
    card: Name
    port: Name
    scheme: Name | None = Field(None, description="where its callers start; none: never answered")
    number: str = Field("", max_length=20, description="own number, shown in the records")
    dialling: Literal["tone", "pulse"] = "tone"
    disconnect: tuple[Literal["loop-drop", "polarity", "busy-tone"], ...] = (
        "loop-drop",
        "polarity",
        "busy-tone",
    )
    country: Country | None = None
    receive_gain_db: Annotated[float, Strict(), Field(ge=-12, le=12)] = 0.0
    transmit_gain_db: Annotated[float, Strict(), Field(ge=-12, le=12)] = 0.0


class GroupTrunk(Part):
    """[[trunks]] with kind = "group": exchange lines used one for another."""

    kind: Literal["group"]
    name: Name
    lines: tuple[Name, ...] = Field(min_length=1)


class SipTrunk(Part):
    """[[trunks]] with kind = "sip": an account at a provider."""

    kind: Literal["sip"]
    name: Name
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Strict(), Field(ge=1, le=65535)] = 5060
    transport: Literal["udp", "tcp"] = "udp"
    username: str = ""
    password: str = ""
    register_: Flag = Field(False, alias="register", description="register with the provider")
    scheme: Name | None = Field(None, description="where callers start")
    numbers: dict[OutsideNumber, Name] = Field({}, description="own number = scheme")
    caller_number: str = Field("", max_length=20, description="number shown outside")


class Person(Part):
    """[[people]]"""

    extension: Extension
    name: Annotated[str, Field(min_length=1, max_length=40)]
    devices: tuple[Name, ...] = Field((), description="FXS lines that ring")
    sip_password: str = Field("", description='gives the person the SIP phone "sip:<extension>"')
    mobile: OutsideNumber | None = None
    mailbox: Flag = False
    pin: Pin | None = Field(None, description="PIN of the mailbox")
    classes: tuple[Name, ...] = Field((), description="classes of outside numbers allowed")
    forward_always: OutsideNumber | None = None
    forward_busy: OutsideNumber | None = None
    forward_no_answer: OutsideNumber | None = None
    answer_time_s: Seconds = Field(25.0, description="ringing before it counts as no answer")
    pickup_group: str = Field("", max_length=40)


class Queue(Part):
    """[[queues]]"""

    name: Name
    number: Extension | None = Field(None, description="number that staff dial to enter it")
    strategy: Literal["ring-all", "round-robin"]
    members: tuple[Extension, ...]
    answer_time_s: Seconds = Field(20.0, description="ringing of one agent (round-robin)")
    wrap_up_s: Annotated[float, Strict(), Field(ge=0, le=3600)] = 0.0
    max_wait_s: Seconds = 300.0
    max_waiting: Annotated[int, Strict(), Field(ge=1, le=1000)] = 20
    music: Prompt = "hold_music"


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Schedule(Part):
    """[[schedules]]"""

    name: Name
    open: dict[Weekday, tuple[Hours, ...]]
    holidays: tuple[Days, ...] = Field((), description="days or day..day; closed all day")
    special_days: dict[Day, tuple[Hours, ...]] = Field(
        {}, description="hours of single days; they replace the weekday's and a holiday"
    )


class Outside(Part):
    """[[outside]]: a prefix that leads out."""

    prefix: Prefix
    strip: Annotated[int, Strict(), Field(ge=0, le=6)] = Field(1, description="digits not sent")
    add: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,10}$")] = ""
    trunks: tuple[Name, ...] = Field(min_length=1)
    permission: Name = Field(alias="class", description="class a person needs")
    min_digits: Annotated[int, Strict(), Field(ge=1, le=20)] = Field(
        3, description="fewest digits after the prefix"
    )
    max_digits: Annotated[int, Strict(), Field(ge=1, le=20)] = Field(
        15, description="most digits after the prefix; then nothing more is awaited"
    )


# ------------------------------------------------------------------------------------- schemes


class Greeting(Part):
    """Play prompts, go on."""

    kind: Literal["greeting"]
    prompt: Prompts = ("greeting",)
    next: Name


class WorkingTime(Part):
    """Ask a schedule; costs no time."""

    kind: Literal["hours"]
    schedule: Name
    open: Name
    closed: Name


class Menu(Part):
    """One key chooses. Nothing or a wrong key `tries` times leads to `otherwise`."""

    kind: Literal["menu"]
    prompt: Prompts = ("menu_default",)
    keys: dict[MenuKey, Name] = Field(min_length=1)
    otherwise: Name
    invalid: Prompt = "invalid_choice"
    timeout_s: Seconds = 5.0
    tries: Annotated[int, Strict(), Field(ge=1, le=9)] = 2


class DialExtension(Part):
    """The caller may dial an extension over the prompt; nothing dialled leads to `otherwise`."""

    kind: Literal["dial"]
    prompt: Prompts = ("dial_extension",)
    otherwise: Name
    no_answer: Name | None = Field(
        None, description="person busy or away; his mailbox, or `otherwise`, when left out"
    )
    invalid: Prompt = "invalid_extension"
    timeout_s: Seconds = 3.0
    inter_digit_s: Seconds = 3.0
    tries: Annotated[int, Strict(), Field(ge=1, le=9)] = 2


class EnterQueue(Part):
    """Wait in a queue. `timeout`, `empty` (nobody signed on), `full` default to `otherwise`."""

    kind: Literal["queue"]
    queue: Name
    otherwise: Name
    timeout: Name | None = None
    empty: Name | None = None
    full: Name | None = None


class OfferPerson(Part):
    """Ring a person. Busy and no answer lead to his mailbox unless said otherwise."""

    kind: Literal["person"]
    person: Extension
    otherwise: Name | None = None
    no_answer: Name | None = None
    busy: Name | None = None


class RingGroup(Part):
    """Ring several people at once."""

    kind: Literal["group"]
    people: tuple[Extension, ...] = Field(min_length=1)
    timeout_s: Seconds = 25.0
    otherwise: Name
    no_answer: Name | None = None
    busy: Name | None = None


class LeaveMessage(Part):
    """Record a message. Afterwards `next`, or thanks and an announced hang-up."""

    kind: Literal["voicemail"]
    mailbox: Extension
    prompt: Prompts = ("leave_message_after_tone",)
    max_s: Seconds = 180.0
    next: Name | None = None
    full: Name | None = None


class CallOutside(Part):
    """Ring a number outside."""

    kind: Literal["outside"]
    number: OutsideNumber
    trunks: tuple[Name, ...] = Field(min_length=1)
    timeout_s: Seconds = 45.0
    otherwise: Name
    no_answer: Name | None = None
    busy: Name | None = None
    failed: Name | None = None


class Announce(Part):
    """Say something final; hang up afterwards unless `next` is given."""

    kind: Literal["announce"]
    prompt: Prompts = Field(min_length=1)
    next: Name | None = None


class HangUp(Part):
    """End the call, with last words unless the block before has just said them."""

    kind: Literal["hangup"]
    prompt: Prompts = ()


Block = Annotated[
    Greeting
    | WorkingTime
    | Menu
    | DialExtension
    | EnterQueue
    | OfferPerson
    | RingGroup
    | LeaveMessage
    | CallOutside
    | Announce
    | HangUp,
    Field(discriminator="kind"),
]


class Scheme(Part):
    """[schemes.NAME]"""

    start: Name
    number: Extension | None = Field(None, description="number that staff dial to hear it")
    blocks: dict[Name, Block] = Field(min_length=1)


class Office(Part):
    """A whole office file."""

    office: General
    sip: Sip | None = None
    cards: tuple[Card, ...] = ()
    lines: tuple[Annotated[FxsLine | FxoLine, Field(discriminator="kind")], ...] = ()
    trunks: tuple[Annotated[GroupTrunk | SipTrunk, Field(discriminator="kind")], ...] = ()
    people: tuple[Person, ...] = ()
    queues: tuple[Queue, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    schemes: dict[Name, Scheme] = Field({})
    outside: tuple[Outside, ...] = ()
    _source: Source = PrivateAttr(default_factory=Source)

    @property
    def source(self) -> Source:
        """Where the file is, its lines, and the day it was read (the proof begins there)."""
        return self._source

    def with_source(self, source: Source) -> Office:
        """The same office, knowing its file."""
        copy = self.model_copy()
        copy._source = source
        return copy
