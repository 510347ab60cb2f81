# SPDX-License-Identifier: GPL-2.0-or-later
"""From the blocks of a scheme to operations. Pure; driven by `firmware.routing.compile`.

What the file leaves out is filled in here: a person who does not answer leads to his mailbox, a
message is thanked for, last words are followed by the hang-up. Every operation remembers the
block it came from, so that the proof can name the line of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from firmware.config import schema
from firmware.config.problems import Key
from firmware.routing.codes import WORLD, Abroad
from firmware.routing.ops import (
    CallOut,
    Dial,
    End,
    Enqueue,
    Hours,
    Menu,
    Offer,
    Op,
    Play,
    Prompts,
    Record,
)

NO_ANSWER: Prompts = ("extension_no_answer",)
BUSY: Prompts = ("extension_busy",)
LEAVE_MESSAGE: Prompts = ("leave_message_after_tone",)
THANKS: Prompts = ("message_recorded", "goodbye")
MAILBOX_FULL: Prompts = ("mailbox_full", "goodbye")
MESSAGE_MAX_S = 180.0
"""Longest message of a mailbox that no voicemail block has set: three minutes."""


@dataclass
class Program:
    """The growing list of operations, and what was wrong on the way."""

    ops: list[Op | None] = field(default_factory=list)  # None: place kept for an operation
    places: list[Key] = field(default_factory=list)  # block in the file, by operation
    problems: list[tuple[Key, str]] = field(default_factory=list)
    cures: dict[Key, str] = field(default_factory=dict)  # what mends a block whose callers are lost

    def reserve(self, key: Key) -> int:
        """Number of an operation that is put there later."""
        self.ops.append(None)
        self.places.append(key)
        return len(self.ops) - 1

    def add(self, key: Key, op: Op) -> int:
        """Number of a new operation."""
        at = self.reserve(key)
        self.ops[at] = op
        return at


def compile_schemes(office: schema.Office) -> tuple[Program, dict[str, int]]:
    """All schemes as one program, and where each starts."""
    program = Program()
    starts = {
        name: _Scheme(program, name, scheme, office).compile()
        for name, scheme in office.schemes.items()
    }
    return program, starts


class _Scheme:
    """One scheme on its way into the program. Names must have been checked."""

    def __init__(
        self, program: Program, name: str, scheme: schema.Scheme, office: schema.Office
    ) -> None:
        self._program = program
        self._name = name
        self._scheme = scheme
        self._people = {person.extension: person for person in office.people}
        self._queues = {queue.name: queue for queue in office.queues}
        self._abroad = Abroad(*WORLD[office.office.country])
        self._first: dict[str, int] = {}
        self._block = ""

    def compile(self) -> int:
        for name in self._scheme.blocks:
            self._first[name] = self._program.reserve(self._key(name))
        for name, block in self._scheme.blocks.items():
            self._block = name
            self._program.ops[self._first[name]] = self._op(block)
        return self._first[self._scheme.start]

    def _key(self, block: str) -> Key:
        return ("schemes", self._name, "blocks", block)

    def _add(self, op: Op) -> int:
        return self._program.add(self._key(self._block), op)

    def _goto(self, target: str | None, default: Callable[[], int]) -> int:
        return default() if target is None else self._first[target]

    def _hang_up(self) -> int:
        return self._add(End(self._block))

    def _last_words(self, prompts: Prompts) -> int:
        return self._add(Play(self._block, prompts, self._hang_up(), final=True))

    def _op(self, block: schema.Block) -> Op:
        name = self._block
        match block:
            case schema.Greeting():
                return Play(name, block.prompt, self._first[block.next])
            case schema.WorkingTime():
                ways = self._first[block.open], self._first[block.closed]
                return Hours(name, block.schedule, *ways)
            case schema.Menu():
                return self._menu(block)
            case schema.DialExtension():
                return self._dial(block)
            case schema.EnterQueue():
                return self._queue(block)
            case schema.OfferPerson():
                return self._person(block)
            case schema.RingGroup():
                return self._group(block)
            case schema.LeaveMessage():
                return self._message(block)
            case schema.CallOutside():
                return self._outside(block)
            case schema.Announce():
                after = self._goto(block.next, self._hang_up)
                return Play(name, block.prompt, after, final=True)
            case schema.HangUp():
                if block.prompt:
                    return Play(name, block.prompt, self._hang_up(), final=True)
                return End(name)
        assert_never(block)

    def _menu(self, block: schema.Menu) -> Op:
        return Menu(
            self._block,
            block.prompt,
            (block.invalid,),
            {str(key): self._first[target] for key, target in block.keys.items()},
            self._first[block.otherwise],
            block.timeout_s,
            block.tries,
        )

    def _queue(self, block: schema.EnterQueue) -> Op:
        other = self._first[block.otherwise]
        return Enqueue(
            self._block,
            block.queue,
            self._queues[block.queue].max_wait_s,
            timeout=self._goto(block.timeout, lambda: other),
            empty=self._goto(block.empty, lambda: other),
            full=self._goto(block.full, lambda: other),
        )

    def _group(self, block: schema.RingGroup) -> Op:
        other = self._first[block.otherwise]
        return Offer(
            self._block,
            block.people,
            block.timeout_s,
            no_answer=self._goto(block.no_answer, lambda: other),
            busy=self._goto(block.busy, lambda: other),
        )

    def _outside(self, block: schema.CallOutside) -> Op:
        other = self._first[block.otherwise]
        return CallOut(
            self._block,
            self._abroad.dialled(block.number),
            block.trunks,
            block.timeout_s,
            no_answer=self._goto(block.no_answer, lambda: other),
            busy=self._goto(block.busy, lambda: other),
            failed=self._goto(block.failed, lambda: other),
        )

    # ------------------------------------------------------------------- mailboxes and persons

    def _record(self, mailbox: str, prompts: Prompts, max_s: float) -> Record:
        thanks, full = self._last_words(THANKS), self._last_words(MAILBOX_FULL)
        return Record(self._block, mailbox, prompts, max_s, next=thanks, full=full)

    def _message(self, block: schema.LeaveMessage) -> Op:
        if not self._people[block.mailbox].mailbox:
            text = f"person {block.mailbox} has no mailbox; set mailbox = true."
            self._program.problems.append(((*self._key(self._block), "mailbox"), text))
        return Record(
            self._block,
            block.mailbox,
            block.prompt,
            block.max_s,
            next=self._goto(block.next, lambda: self._last_words(THANKS)),
            full=self._goto(block.full, lambda: self._last_words(MAILBOX_FULL)),
        )

    def _person(self, block: schema.OfferPerson) -> Op:
        person = self._people[block.person]
        return Offer(
            self._block,
            (person.extension,),
            person.answer_time_s,
            no_answer=self._unanswered(block, person, block.no_answer, "no_answer", NO_ANSWER),
            busy=self._unanswered(block, person, block.busy, "busy", BUSY),
        )

    def _unanswered(
        self,
        block: schema.OfferPerson,
        person: schema.Person,
        target: str | None,
        way: str,
        words: Prompts,
    ) -> int:
        if target or block.otherwise:
            return self._first[target or block.otherwise or ""]
        if person.mailbox:
            return self._add(self._record(person.extension, words + LEAVE_MESSAGE, MESSAGE_MAX_S))
        self._program.cures[self._key(self._block)] = (
            f' Give the block "{way}" or "otherwise", or person {person.extension} a mailbox.'
        )
        return self._hang_up()

    def _dial(self, block: schema.DialExtension) -> Op:
        return Dial(
            self._block,
            block.prompt,
            (block.invalid,),
            {number: self._dialled(block, person) for number, person in self._people.items()},
            self._first[block.otherwise],
            block.timeout_s,
            block.inter_digit_s,
            block.tries,
        )

    def _dialled(self, block: schema.DialExtension, person: schema.Person) -> int:
        """Ring the person whose extension was dialled, then what the block or he has for it."""
        if block.no_answer is not None:
            no_answer = busy = self._first[block.no_answer]
        elif person.mailbox:
            no_answer, busy = (
                self._add(self._record(person.extension, words + LEAVE_MESSAGE, MESSAGE_MAX_S))
                for words in (NO_ANSWER, BUSY)
            )
        else:
            other = self._first[block.otherwise]
            no_answer, busy = (
                self._add(Play(self._block, words, other)) for words in (NO_ANSWER, BUSY)
            )
        extensions = (person.extension,)
        return self._add(Offer(self._block, extensions, person.answer_time_s, no_answer, busy))
