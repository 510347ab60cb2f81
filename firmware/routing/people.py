# SPDX-License-Identifier: GPL-2.0-or-later
"""What makes a person, a queue or a line useless although every name is right. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.config.problems import Key
from firmware.config.schema import FxoLine, Office, Person, RingGroup, SipTrunk
from firmware.routing.steps import Refused, ToOutside, ToPerson
from firmware.routing.table import Table

Found = Iterator[tuple[Key, str]]


def people_faults(office: Office) -> Found:
    """Persons who can ring nowhere, and mailboxes without a key."""
    for index, person in enumerate(office.people):
        key: Key = ("people", index)
        who = f"person {person.extension} ({person.name})"
        if not (person.devices or person.sip_password or person.forward_always):
            text = f"{who} can ring nowhere: give devices, sip_password or forward_always."
            yield key, text
        if person.sip_password and office.sip is None:
            yield (*key, "sip_password"), f"{who} has a SIP phone, but there is no [sip] table."
        if person.mailbox and person.pin is None:
            yield (*key, "mailbox"), f"{who} has a mailbox without a pin."
        if person.pin is not None and not person.mailbox:
            yield (*key, "pin"), f"{who} has a pin but no mailbox."


def forward_faults(office: Office, table: Table) -> Found:
    """Forwards to numbers that the person may not dial, or round in a circle."""
    for index, person in enumerate(office.people):
        for way in ("forward_always", "forward_busy", "forward_no_answer"):
            target = getattr(person, way)
            if target is None:
                continue
            leads = table.dial(person.extension, target)
            key: Key = ("people", index, way)
            if isinstance(leads, Refused):
                yield (
                    key,
                    f'{way} of {person.extension} to "{target}" leads nowhere: {leads.reason}',
                )
            elif isinstance(leads, ToOutside) and leads.emergency:
                yield key, f"{way} of {person.extension} would call the emergency number {target}."
            elif leads == ToPerson(person.extension):
                yield key, f"{way} of {person.extension} leads to the same person."
        yield from _forward_circle(office, index, person)


def _forward_circle(office: Office, index: int, person: Person) -> Found:
    people = {other.extension: other for other in office.people}
    path = [person.extension]
    following: Person | None = person
    while following is not None and following.forward_always not in path[1:]:
        following = people.get(following.forward_always or "")
        if following is None or following is person:
            break
        path.append(following.extension)
    if following is person and len(path) > 1:
        text = f"forward_always goes in a circle: {' to '.join([*path, path[0]])}."
        yield ("people", index, "forward_always"), text


def queue_faults(office: Office) -> Found:
    """Queues that nobody serves or nobody enters, and groups with the same person twice."""
    entered = {
        block.queue
        for scheme in office.schemes.values()
        for block in scheme.blocks.values()
        if block.kind == "queue"
    }
    for index, queue in enumerate(office.queues):
        key: Key = ("queues", index)
        if not queue.members:
            text = f'queue "{queue.name}" has no members: its callers wait for nobody.'
            yield (*key, "members"), text
        yield from _same_twice((*key, "members"), queue.members)
        if queue.name not in entered and queue.number is None:
            yield key, f'queue "{queue.name}" is entered by no block and has no number.'
        if queue.strategy == "round-robin" and queue.max_wait_s < queue.answer_time_s:
            yield (
                (*key, "max_wait_s"),
                (
                    f'callers of queue "{queue.name}" give up after {queue.max_wait_s:g} s, '
                    f"before the first agent's {queue.answer_time_s:g} s are over."
                ),
            )
    for name, scheme in office.schemes.items():
        for block_name, block in scheme.blocks.items():
            if isinstance(block, RingGroup):
                key = ("schemes", name, "blocks", block_name, "people")
                yield from _same_twice(key, block.people)


def _same_twice(key: Key, extensions: tuple[str, ...]) -> Found:
    for index, extension in enumerate(extensions):
        if extension in extensions[:index]:
            yield (*key, index), f"person {extension} is in this list twice."


def wiring_faults(office: Office) -> Found:
    """Lines whose callers nobody answers, ports of the wrong kind, trunks without an account."""
    for index, line in enumerate(office.lines):
        if not line.port.startswith(line.kind.upper()):
            text = f'line "{line.name}" is of kind {line.kind} but on port "{line.port}".'
            yield ("lines", index, "port"), text
        if isinstance(line, FxoLine) and line.scheme is None:
            text = f"{line.name} has no scheme: its callers would ring for ever."
            yield ("lines", index), text
    for index, trunk in enumerate(office.trunks):
        if not isinstance(trunk, SipTrunk):
            continue
        if office.sip is None:
            text = f'trunk "{trunk.name}" needs SIP, but there is no [sip] table.'
            yield ("trunks", index), text
        if trunk.register_ and not (trunk.username and trunk.password):
            text = f'trunk "{trunk.name}" registers, so it needs username and password.'
            yield ("trunks", index, "register"), text
