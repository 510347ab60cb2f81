# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiled office: immutable, versioned, hashed, one file, loaded as it is.

A call keeps the table it began with. Look-ups only; `firmware.routing.compile` makes it. Reads
and writes its file when told to, else pure.
"""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from firmware.clock import Now
from firmware.errors import ConfigError
from firmware.routing.codes import FEATURE_CODES, TAKES_EXTENSION, TAKES_NUMBER, Abroad
from firmware.routing.dialplan import Automaton
from firmware.routing.ops import Op
from firmware.routing.schedule import Calendar
from firmware.routing.steps import (
    Destination,
    Refused,
    ToFeature,
    ToOutside,
    ToPerson,
    ToQueue,
    ToScheme,
)
from firmware.routing.walk import Walk
from firmware.values import Cause, LineId, LineKind, Party

FORMAT = 1
"""Version of the table file; one that differs is compiled again from the office."""


class Line(msgspec.Struct, frozen=True):
    """A line: port of a card, SIP phone or SIP trunk."""

    name: LineId
    kind: LineKind
    country: str
    card: str = ""  # "" for SIP
    port: str = ""
    scheme: str | None = None  # FXO and SIP trunk: where callers start
    number: str = ""  # own number
    extension: str = ""  # FXS and SIP phone: whose device it is, "" nobody's
    pulse: bool = False  # FXO: dial by pulses
    disconnect: tuple[str, ...] = ()  # FXO: "loop-drop", "polarity", "busy-tone"
    receive_gain_db: float = 0.0
    transmit_gain_db: float = 0.0


class Trunk(msgspec.Struct, frozen=True):
    """A way out: exchange lines in order of choice, or one SIP account."""

    name: str
    kind: str  # "group" or "sip"
    lines: tuple[LineId, ...]
    host: str = ""
    port: int = 0
    transport: str = ""
    username: str = ""
    password: str = ""
    register: bool = False
    caller_number: str = ""
    numbers: dict[str, str] = {}  # own number: scheme


class Person(msgspec.Struct, frozen=True):
    """A person: one extension, any number of devices."""

    extension: str
    name: str
    devices: tuple[LineId, ...]
    sip_password: str = ""
    mobile: str = ""
    mailbox: bool = False
    pin: str = ""
    classes: tuple[str, ...] = ()
    forward_always: str = ""
    forward_busy: str = ""
    forward_no_answer: str = ""
    answer_time_s: float = 25.0
    pickup_group: str = ""


class QueueRules(msgspec.Struct, frozen=True):
    """How a queue gives out its callers."""

    name: str
    strategy: str  # "ring-all" or "round-robin"
    members: tuple[str, ...]
    answer_time_s: float
    wrap_up_s: float
    max_wait_s: float
    max_waiting: int
    music: str


class Route(msgspec.Struct, frozen=True):
    """An outside prefix."""

    prefix: str
    strip: int
    add: str
    trunks: tuple[str, ...]
    permission: str
    min_digits: int
    max_digits: int

    def sends(self, dialled: str) -> str:
        """What is sent for a dialled number."""
        return self.add + dialled[self.strip :]


class CardRef(msgspec.Struct, frozen=True):
    """A line card."""

    name: str
    revision: str
    device: str
    audio: str


class Data(msgspec.Struct, frozen=True):
    """Everything a table holds, in the order in which it is saved."""

    office: str
    language: str
    country: str
    time_zone: str
    recordings: str  # absolute folder of own recordings, "" for none
    sip_listen: str  # "" without SIP
    sip_realm: str
    sip_digests: tuple[str, ...]
    cards: tuple[CardRef, ...]
    lines: dict[LineId, Line]
    trunks: dict[str, Trunk]
    people: dict[str, Person]
    queues: dict[str, QueueRules]
    calendars: dict[str, Calendar]
    ops: tuple[Op, ...]
    schemes: dict[str, int]  # scheme: first operation
    numbers: dict[str, tuple[str, str]]  # dialled number: ("scheme" or "queue", name)
    routes: tuple[Route, ...]
    abroad: Abroad
    emergency: tuple[str, ...]
    emergency_behind_prefix: tuple[str, ...]
    emergency_trunks: tuple[str, ...]
    plan: Automaton
    extensions: Automaton


class _File(msgspec.Struct, frozen=True):
    format: int
    hash: str
    data: msgspec.Raw


class Table:
    """A compiled office. Immutable; equal offices give equal hashes."""

    def __init__(self, data: Data) -> None:
        """Prefer `compile_office` or `Table.load`."""
        self.data = data
        self.lines = data.lines
        self.trunks = data.trunks
        self.people = data.people
        self.queues = data.queues
        self.extensions = data.extensions
        self.time_zone = ZoneInfo(data.time_zone)
        self._routes = sorted(data.routes, key=lambda r: -len(r.prefix))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the contents, 64 hexadecimal digits: the version of the table."""
        return hashlib.sha256(msgspec.json.encode(self.data)).hexdigest()

    # ------------------------------------------------------------------------------- the file

    def save(self, path: Path) -> None:
        """Write the table aside, sync, rename. The file holds passwords: owner only."""
        aside = path.with_name(path.name + ".new")
        body = msgspec.json.encode(self.data)
        whole = msgspec.json.encode(_File(FORMAT, self.hash, msgspec.Raw(body)))
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)

    @classmethod
    def load(cls, path: Path) -> Table:
        """Read a saved table; ConfigError when it is damaged or of another version."""
        again = "Compile the office again: tipring compile."
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
            data = msgspec.json.decode(bytes(file.data), type=Data)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}). {again}") from None
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path}: is no routing table ({error}). {again}") from None
        if file.format != FORMAT:
            raise ConfigError(f"{path}: has format {file.format}, not {FORMAT}. {again}")
        if hashlib.sha256(bytes(file.data)).hexdigest() != file.hash:
            raise ConfigError(f"{path}: does not match its hash. {again}")
        return cls(data)

    # -------------------------------------------------------------------------------- look-ups

    def start_of(self, line: LineId, called: str = "") -> str | None:
        """Scheme of a caller on a line (for SIP trunks, of the number called), if any."""
        trunk = self.trunks.get(line)
        if trunk is not None and (scheme := trunk.numbers.get(called)) is not None:
            return scheme
        known = self.lines.get(line)
        return None if known is None else known.scheme

    def walk(self, start: str, caller: Party, now: Now) -> Walk:
        """Begin a walk at a line's scheme or at a scheme; ConfigError if there is none."""
        scheme = start if start in self.data.schemes else self.start_of(LineId(start))
        if scheme is None:
            raise ConfigError(f'"{start}" is neither a scheme nor a line that has one.')
        return Walk(self, scheme, caller, now)

    def person(self, extension: str) -> Person | None:
        """The person with this extension."""
        return self.people.get(extension)

    def device_lines(self, extension: str) -> tuple[LineId, ...]:
        """Lines on which a person rings; () for nobody."""
        person = self.people.get(extension)
        return () if person is None else person.devices

    def owner_of(self, line: LineId) -> str | None:
        """Extension of the person whose device a line is."""
        known = self.lines.get(line)
        return (known.extension or None) if known else None

    def trunk_lines(self, trunks: tuple[str, ...]) -> tuple[LineId, ...]:
        """Lines of trunks (or lines named themselves) in order of choice, each once."""
        found: dict[LineId, None] = {}
        for name in trunks:
            trunk = self.trunks.get(name)
            for line in trunk.lines if trunk else (LineId(name),):
                found.setdefault(line)
        return tuple(found)

    def digits_for(self, line: LineId) -> Automaton:
        """The number plan of a telephone: feed it digits until complete or impossible."""
        return self.data.plan

    def is_open(self, schedule: str, now: Now) -> bool:
        """Whether a schedule is open, in the office's own time."""
        return self.data.calendars[schedule].is_open(now.wall.astimezone(self.time_zone))

    # ------------------------------------------------------------------------------- dialling

    def dial(self, extension: str | None, number: str) -> Destination:
        """Where a number leads that a person (None: a telephone of nobody) has dialled.

        A "#" that ended a number that may grow is ignored. Emergency numbers always lead out.
        """
        number = number if len(number) < 2 else number.removesuffix("#")
        if number.startswith("+"):
            return self._dial_world(extension, number)
        return (
            self._emergency(number)
            or self._inside(number)
            or self._feature(extension, number)
            or self._outside(extension, number)
        )

    def _emergency(self, number: str) -> Destination | None:
        if number in self.data.emergency:
            return ToOutside(number, self.data.emergency_trunks, emergency=True)
        for route in self._routes:
            bare = number.removeprefix(route.prefix)
            known = bare in self.data.emergency or bare in self.data.emergency_behind_prefix
            if number.startswith(route.prefix) and known:
                return ToOutside(bare, self.data.emergency_trunks, emergency=True)
        return None

    def _inside(self, number: str) -> Destination | None:
        if number in self.people:
            return ToPerson(number)
        kind, name = self.data.numbers.get(number, ("", ""))
        if kind == "queue":
            return ToQueue(name)
        return ToScheme(name) if kind == "scheme" else None

    def _feature(self, extension: str | None, number: str) -> Destination | None:
        if not number.startswith("*"):
            return None
        code = max((c for c in FEATURE_CODES if number.startswith(c)), key=len, default="")
        argument = number[len(code) :]
        if not code or not self._fits(code, argument):
            return Refused(Cause.INVALID_NUMBER, f"{number} is no feature code of this office.")
        if extension is None:
            return Refused(
                Cause.NOT_PERMITTED,
                "This telephone belongs to no person, so it has no features.",
                "not_permitted",
            )
        if code in TAKES_NUMBER:
            target = self.dial(extension, argument)
            if isinstance(target, Refused):
                return target
        return ToFeature(FEATURE_CODES[code], argument)

    def _fits(self, code: str, argument: str) -> bool:
        if code in TAKES_NUMBER:
            return argument != "" and not argument.startswith("*")
        if code in TAKES_EXTENSION:
            return argument in self.people or (code == "*8" and not argument)
        return not argument

    def _outside(self, extension: str | None, number: str) -> Destination:
        route = next((r for r in self._routes if number.startswith(r.prefix)), None)
        free = 0 if route is None else len(number) - len(route.prefix)
        if route is None or not route.min_digits <= free <= route.max_digits:
            return Refused(
                Cause.UNALLOCATED, f"No extension or prefix of this office fits {number}."
            )
        if route.permission not in self._classes(extension):
            return Refused(
                Cause.NOT_PERMITTED,
                f"Extension {extension or '(none)'} has no class {route.permission!r}.",
                "not_permitted",
            )
        return ToOutside(route.sends(number), route.trunks)

    def _classes(self, extension: str | None) -> tuple[str, ...]:
        person = self.people.get(extension or "")
        return () if person is None else person.classes

    def _dial_world(self, extension: str | None, number: str) -> Destination:
        """A +number: written as the country dials it, by the first prefix that permits it."""
        digits = self.data.abroad.dialled(number)
        refusal = Refused(Cause.NO_ROUTE, f"No outside prefix leads to {number}.")
        for route in self.data.routes:
            found = self._outside(extension, route.prefix + digits)
            if not isinstance(found, Refused):
                return ToOutside(digits, found.trunks) if isinstance(found, ToOutside) else found
            if found.cause is Cause.NOT_PERMITTED:
                refusal = found
        return refusal
