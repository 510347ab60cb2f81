# SPDX-License-Identifier: GPL-2.0-or-later
"""The data of a table, copied out of a checked office. Pure; driven by the compiler."""

from __future__ import annotations

from pathlib import PurePath

import msgspec

from firmware.config.schema import FxoLine, FxsLine, GroupTrunk, Office
from firmware.config.schema import Person as PersonEntry
from firmware.routing import dialplan, plan
from firmware.routing.codes import WORLD, Abroad
from firmware.routing.dialplan import Pattern
from firmware.routing.ops import Op
from firmware.routing.schedule import Calendar
from firmware.routing.table import (
    CardRef,
    Data,
    Line,
    Person,
    QueueRules,
    Route,
    Trunk,
)
from firmware.values import LineId, LineKind


def assemble(
    office: Office, calendars: dict[str, Calendar], ops: tuple[Op, ...], starts: dict[str, int]
) -> Data:
    """Everything a table holds."""
    general, sip = office.office, office.sip
    return Data(
        office=general.name,
        language=general.language,
        country=general.country,
        time_zone=general.time_zone,
        recordings=_recordings(office),
        sip_listen=sip.listen if sip else "",
        sip_realm=sip.realm if sip else "",
        sip_digests=sip.digests if sip else (),
        cards=tuple(CardRef(c.name, c.revision, c.device, c.audio) for c in office.cards),
        lines=_lines(office),
        trunks=_trunks(office),
        people={person.extension: _person(person) for person in office.people},
        queues=_queues(office),
        calendars=calendars,
        ops=ops,
        schemes=starts,
        numbers=_numbers(office),
        routes=_routes(office),
        abroad=Abroad(*WORLD[general.country]),
        emergency=general.emergency,
        emergency_behind_prefix=general.emergency_behind_prefix,
        emergency_trunks=_emergency_trunks(office),
        plan=dialplan.build(plan.patterns(office)),
        extensions=dialplan.build(Pattern(person.extension) for person in office.people),
    )


def _recordings(office: Office) -> str:
    """Absolute, for the table is used wherever it lies."""
    own = office.office.recordings
    return str(PurePath(office.source.folder) / own) if own else ""


def sip_phone(extension: str) -> LineId:
    """Line of a person's SIP phone."""
    return LineId(f"sip:{extension}")


def _lines(office: Office) -> dict[LineId, Line]:
    country = office.office.country
    owners = {device: p.extension for p in office.people for device in p.devices}
    lines = [_port(line, owners, country) for line in office.lines]
    lines += [
        Line(sip_phone(p.extension), LineKind.SIP_PHONE, country, extension=p.extension)
        for p in office.people
        if p.sip_password
    ]
    lines += [
        Line(
            LineId(trunk.name),
            LineKind.SIP_TRUNK,
            country,
            scheme=trunk.scheme,
            number=trunk.caller_number,
        )
        for trunk in office.trunks
        if not isinstance(trunk, GroupTrunk)
    ]
    return {line.name: line for line in lines}


def _port(line: FxsLine | FxoLine, owners: dict[str, str], country: str) -> Line:
    common = Line(
        LineId(line.name),
        LineKind.FXS,
        line.country or country,
        card=line.card,
        port=line.port,
        extension=owners.get(line.name, ""),
        receive_gain_db=line.receive_gain_db,
        transmit_gain_db=line.transmit_gain_db,
    )
    if not isinstance(line, FxoLine):
        return common
    return msgspec.structs.replace(
        common,
        kind=LineKind.FXO,
        scheme=line.scheme,
        number=line.number,
        pulse=line.dialling == "pulse",
        disconnect=line.disconnect,
    )


def _trunks(office: Office) -> dict[str, Trunk]:
    trunks = {}
    for entry in office.trunks:
        if isinstance(entry, GroupTrunk):
            lines = tuple(LineId(line) for line in entry.lines)
            trunks[entry.name] = Trunk(entry.name, entry.kind, lines)
        else:
            trunks[entry.name] = Trunk(
                entry.name,
                entry.kind,
                (LineId(entry.name),),
                entry.host,
                entry.port,
                entry.transport,
                entry.username,
                entry.password,
                entry.register_,
                entry.caller_number,
                dict(entry.numbers),
            )
    return trunks


def _person(entry: PersonEntry) -> Person:
    devices = tuple(LineId(device) for device in entry.devices)
    if entry.sip_password:
        devices += (sip_phone(entry.extension),)
    return Person(
        entry.extension,
        entry.name,
        devices,
        sip_password=entry.sip_password,
        mobile=entry.mobile or "",
        mailbox=entry.mailbox,
        pin=entry.pin or "",
        classes=entry.classes,
        forward_always=entry.forward_always or "",
        forward_busy=entry.forward_busy or "",
        forward_no_answer=entry.forward_no_answer or "",
        answer_time_s=entry.answer_time_s,
        pickup_group=entry.pickup_group,
    )


def _queues(office: Office) -> dict[str, QueueRules]:
    return {
        queue.name: QueueRules(
            queue.name,
            queue.strategy,
            queue.members,
            queue.answer_time_s,
            queue.wrap_up_s,
            queue.max_wait_s,
            queue.max_waiting,
            queue.music,
        )
        for queue in office.queues
    }


def _routes(office: Office) -> tuple[Route, ...]:
    return tuple(
        Route(r.prefix, r.strip, r.add, r.trunks, r.permission, r.min_digits, r.max_digits)
        for r in office.outside
    )


def _numbers(office: Office) -> dict[str, tuple[str, str]]:
    numbers = {queue.number: ("queue", queue.name) for queue in office.queues if queue.number}
    return numbers | {
        scheme.number: ("scheme", name) for name, scheme in office.schemes.items() if scheme.number
    }


def _emergency_trunks(office: Office) -> tuple[str, ...]:
    """As the office says; else every group, exchange lines of no group, then SIP trunks."""
    if office.office.emergency_trunks:
        return office.office.emergency_trunks
    groups = [trunk for trunk in office.trunks if isinstance(trunk, GroupTrunk)]
    grouped = {line for trunk in groups for line in trunk.lines}
    alone = [x.name for x in office.lines if isinstance(x, FxoLine) and x.name not in grouped]
    sip = [trunk.name for trunk in office.trunks if not isinstance(trunk, GroupTrunk)]
    return (*(trunk.name for trunk in groups), *alone, *sip)
