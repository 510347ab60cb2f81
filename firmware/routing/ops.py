# SPDX-License-Identifier: GPL-2.0-or-later
"""The operations of a compiled scheme: a flat list, each exit the number of another operation.

Made by `firmware.routing.compile`, run by `firmware.routing.walk`, proved by
`firmware.routing.prove`. Plain data; saved with the table as it is.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from firmware.values import Cause

Prompts = tuple[str, ...]


class Play(msgspec.Struct, frozen=True, tag="play"):
    """Play prompts, go on. `final`: these words may be the last before a hang-up."""

    block: str
    prompts: Prompts
    next: int
    final: bool = False


class Hours(msgspec.Struct, frozen=True, tag="hours"):
    """Ask a schedule."""

    block: str
    schedule: str
    open: int
    closed: int


class Menu(msgspec.Struct, frozen=True, tag="menu"):
    """One key; `otherwise` after `tries` rounds without a key of the menu."""

    block: str
    prompts: Prompts
    invalid: Prompts
    keys: dict[str, int]
    otherwise: int
    timeout_s: float
    tries: int


class Dial(msgspec.Struct, frozen=True, tag="dial"):
    """Extension dialling; `otherwise` when nothing or `tries` wrong numbers were dialled."""

    block: str
    prompts: Prompts
    invalid: Prompts
    people: dict[str, int]
    otherwise: int
    timeout_s: float
    inter_digit_s: float
    tries: int


class Enqueue(msgspec.Struct, frozen=True, tag="queue"):
    """Wait in a queue."""

    block: str
    queue: str
    max_wait_s: float
    timeout: int
    empty: int
    full: int


class Offer(msgspec.Struct, frozen=True, tag="offer"):
    """Ring people."""

    block: str
    extensions: tuple[str, ...]
    timeout_s: float
    no_answer: int
    busy: int


class CallOut(msgspec.Struct, frozen=True, tag="outside"):
    """Ring a number outside."""

    block: str
    number: str
    trunks: tuple[str, ...]
    timeout_s: float
    no_answer: int
    busy: int
    failed: int


class Record(msgspec.Struct, frozen=True, tag="voicemail"):
    """Record a message."""

    block: str
    mailbox: str
    prompts: Prompts
    max_s: float
    next: int
    full: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Hang up."""

    block: str
    cause: Cause = Cause.NORMAL


Op = Play | Hours | Menu | Dial | Enqueue | Offer | CallOut | Record | End


def exits(op: Op) -> tuple[tuple[str, int], ...]:
    """Ways out of an operation: what the caller, the staff or the clock did, and what follows."""
    match op:
        case Play(next=after):
            return (("", after),)
        case Hours():
            return ("is open", op.open), ("is closed", op.closed)
        case Menu(keys=keys):
            pressed = tuple((f"presses {key}", after) for key, after in keys.items())
            return (("presses nothing", op.otherwise), *pressed)
        case Dial(people=people):
            dialled = tuple((f"dials {number}", after) for number, after in people.items())
            return (("presses nothing", op.otherwise), *dialled)
        case Enqueue():
            return (
                ("is not answered in time", op.timeout),
                ("finds no agent signed on", op.empty),
                ("finds the queue full", op.full),
            )
        case Offer():
            return ("gets no answer", op.no_answer), ("finds everyone busy", op.busy)
        case CallOut():
            return (
                ("gets no answer", op.no_answer),
                ("finds the number busy", op.busy),
                ("finds no free trunk", op.failed),
            )
        case Record():
            return ("leaves a message", op.next), ("finds the mailbox full", op.full)
        case End():
            return ()
    assert_never(op)
