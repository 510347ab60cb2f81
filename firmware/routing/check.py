# SPDX-License-Identifier: GPL-2.0-or-later
"""`tipring check`: everything wrong with an office file, or what the box would be. Reads files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from firmware.config.load import read_office
from firmware.config.problems import OfficeRefused, Problem
from firmware.routing.compile import compile_office
from firmware.routing.table import Table
from firmware.values import LineKind


@dataclass(frozen=True, slots=True)
class Summary:
    """An accepted office in numbers; `hash` names its table."""

    office: str
    hash: str
    people: int
    telephones: int  # FXS lines and SIP phones
    exchange_lines: int
    sip_trunks: int
    queues: int
    schemes: int
    mailboxes: int
    operations: int

    def __str__(self) -> str:
        return (
            f"{self.office}: people {self.people}, telephones {self.telephones}, exchange lines "
            f"{self.exchange_lines}, SIP trunks {self.sip_trunks}, queues {self.queues}, schemes "
            f"{self.schemes}, mailboxes {self.mailboxes}; table {self.hash[:12]}"
        )


def check_office(
    path: Path, read_on: date | None = None
) -> tuple[tuple[Problem, ...], Summary | None]:
    """Every problem of an office file and no summary; or none, and the summary."""
    reading = read_office(path, read_on)
    if reading.office is None or reading.problems:
        return OfficeRefused(reading.problems).problems, None
    try:
        return (), summary(compile_office(reading.office))
    except OfficeRefused as refused:
        return refused.problems, None


def summary(table: Table) -> Summary:
    """An office in numbers."""
    kinds = [line.kind for line in table.lines.values()]
    return Summary(
        office=table.data.office,
        hash=table.hash,
        people=len(table.people),
        telephones=kinds.count(LineKind.FXS) + kinds.count(LineKind.SIP_PHONE),
        exchange_lines=kinds.count(LineKind.FXO),
        sip_trunks=kinds.count(LineKind.SIP_TRUNK),
        queues=len(table.queues),
        schemes=len(table.data.schemes),
        mailboxes=sum(person.mailbox for person in table.people.values()),
        operations=len(table.data.ops),
    )
