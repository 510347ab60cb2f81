# SPDX-License-Identifier: GPL-2.0-or-later
"""What the interpreter asks of a call, and what the call answers.

The interpreter (:mod:`firmware.routing.walk`) runs a compiled scheme for one caller. It yields one
step at a time; whoever runs it (the call machine in real time, the what-if trace and the property
tests in virtual time) does the step and resumes the walk with an outcome. Working-time checks and
jumps cost no time and never come out as steps; every block passed is in ``Walk.path``.
Pure; standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firmware.values import Cause


@dataclass(frozen=True, slots=True)
class PlayStep:
    """Play prompts to the end. Outcome: DONE."""

    block: str
    prompts: tuple[str, ...]  # keys of the prompt catalogue or recordings


@dataclass(frozen=True, slots=True)
class MenuStep:
    """Play prompts, take one key (from the first frame on; a key cuts the prompt).

    Outcome: PRESSED with ``digits`` one key, or NO_INPUT after ``timeout_s`` of silence after the
    prompt. Keys outside ``keys`` are reported as PRESSED too: the walk decides.
    """

    block: str
    prompts: tuple[str, ...]
    keys: frozenset[str]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class DialStep:
    """Play prompts, collect an extension (barge-in from the first frame).

    Digits go through ``Table.extensions`` (the number automaton). Outcome: PRESSED with the
    digits once the automaton says complete or impossible, or the inter-digit time is over;
    NO_INPUT when nothing was pressed for ``timeout_s`` after the prompt.
    """

    block: str
    prompts: tuple[str, ...]
    timeout_s: float
    inter_digit_s: float


@dataclass(frozen=True, slots=True)
class QueueStep:
    """Put the caller into a queue. Outcome: ANSWERED, TIMEOUT, EMPTY (no agent signed on), FULL."""

    block: str
    queue: str
    max_wait_s: float


@dataclass(frozen=True, slots=True)
class OfferStep:
    """Ring people at once for a bounded time. Outcome: ANSWERED, NO_ANSWER, BUSY (all of them)."""

    block: str
    extensions: tuple[str, ...]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class OutsideStep:
    """Call a number outside. Outcome: ANSWERED, NO_ANSWER, BUSY, FAILED."""

    block: str
    number: str
    trunks: tuple[str, ...]  # trunk or line names in order of choice
    timeout_s: float


@dataclass(frozen=True, slots=True)
class VoicemailStep:
    """Play prompts, beep, record a message for a mailbox. Outcome: DONE, FULL (cannot record)."""

    block: str
    mailbox: str  # extension of its owner
    prompts: tuple[str, ...]
    max_s: float


@dataclass(frozen=True, slots=True)
class HangUpStep:
    """End the call; the walk is over."""

    block: str
    cause: Cause


Step = (
    PlayStep
    | MenuStep
    | DialStep
    | QueueStep
    | OfferStep
    | OutsideStep
    | VoicemailStep
    | HangUpStep
)


class Result(Enum):
    """How a step went."""

    DONE = "done"
    PRESSED = "pressed"
    NO_INPUT = "no input"
    ANSWERED = "answered"
    NO_ANSWER = "no answer"
    BUSY = "busy"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    FULL = "full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answer to a step; ``digits`` only with PRESSED."""

    result: Result
    digits: str = ""


# ------------------------------------------------------------------ where a dialled number leads


@dataclass(frozen=True, slots=True)
class ToPerson:
    """An extension of the office."""

    extension: str


@dataclass(frozen=True, slots=True)
class ToScheme:
    """A number that starts a scheme (pilot number, internal test of the menu)."""

    scheme: str


@dataclass(frozen=True, slots=True)
class ToQueue:
    """A number that enters a queue directly."""

    queue: str


@dataclass(frozen=True, slots=True)
class ToOutside:
    """A number outside, as it must be sent, with the trunks or lines to try in order."""

    number: str
    trunks: tuple[str, ...]
    emergency: bool = False


class Feature(Enum):
    """Feature codes."""

    PICKUP = "pickup"  # argument: extension, "" for any ringing one in the caller's group
    MAILBOX = "mailbox"  # own mailbox, with PIN; argument: another extension
    FORWARD_ALWAYS = "forward-always"  # argument: target, "" cancels
    FORWARD_BUSY = "forward-busy"
    FORWARD_NO_ANSWER = "forward-no-answer"
    AGENT_ON = "agent-on"  # sign on to all queues the person is a member of
    AGENT_OFF = "agent-off"


@dataclass(frozen=True, slots=True)
class ToFeature:
    """A feature code with what was dialled after it."""

    feature: Feature
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The number leads nowhere, and why (sentence for the record, prompt for the caller)."""

    cause: Cause
    reason: str
    prompt: str = "number_unavailable"


Destination = ToPerson | ToScheme | ToQueue | ToOutside | ToFeature | Refused
