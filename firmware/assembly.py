# SPDX-License-Identifier: GPL-2.0-or-later
"""From a compiled table to the machines of its lines. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware.lines.countries import COUNTRIES, Country
from firmware.lines.fxo import FxoLine, FxoSettings
from firmware.lines.fxs import FxsLine
from firmware.lines.learned import from_settings
from firmware.lines.port import Port
from firmware.machines import LineMachine
from firmware.routing.table import Line, Table
from firmware.sip.settings import SipAccount, SipSettings, SipTrunk
from firmware.values import LegId, LineId, LineKind


def line_machines(
    table: Table,
    channels: Mapping[LineId, int],
    new_leg: Callable[[], LegId],
    kept: Mapping[str, str] = MappingProxyType({}),
) -> dict[LineId, LineMachine]:
    """A machine for every analog line.

    ``channels``: each line's slot in the sound stream; ``kept``: the store's settings.
    """
    machines: dict[LineId, LineMachine] = {}
    for name, line in table.lines.items():
        if line.kind is LineKind.FXS:
            port = _port(line, channels[name])
            machines[name] = FxsLine(port, table.digits_for(name), new_leg)
        elif line.kind is LineKind.FXO:
            settings = _fxo_settings(line, kept)
            machines[name] = FxoLine(_port(line, channels[name]), new_leg, settings)
    return machines


def _port(line: Line, channel: int) -> Port:
    country = COUNTRIES[line.country]
    return Port(line.name, channel, country, line.receive_gain_db, line.transmit_gain_db)


def _fxo_settings(line: Line, kept: Mapping[str, str]) -> FxoSettings:
    return FxoSettings(
        pulse_dialling=line.pulse,
        learned_tones=from_settings(kept, line.name),
        by_loop_drop="loop-drop" in line.disconnect,
        by_polarity="polarity" in line.disconnect,
        by_busy_tone="busy-tone" in line.disconnect,
    )


def country_of(table: Table) -> Country:
    """The office's own country; SIP legs hear its tones."""
    return COUNTRIES[table.data.country]


def sip_lines(table: Table) -> tuple[LineId, ...]:
    """Lines that the SIP endpoint owns."""
    kinds = (LineKind.SIP_PHONE, LineKind.SIP_TRUNK)
    return tuple(name for name, line in table.lines.items() if line.kind in kinds)


def sip_settings(table: Table, host: str, port: int, secret: bytes) -> SipSettings:
    """Accounts and trunks of the office for the SIP endpoint."""
    phones = (line for line in table.lines.values() if line.kind is LineKind.SIP_PHONE)
    return SipSettings(
        host=host,
        port=port,
        realm=table.data.sip_realm,
        secret=secret,
        digests=table.data.sip_digests,
        accounts=tuple(_account(table, line) for line in phones),
        trunks=tuple(_trunk(table, name) for name, t in table.trunks.items() if t.kind == "sip"),
    )


def _account(table: Table, line: Line) -> SipAccount:
    person = table.people[line.extension]
    return SipAccount(person.extension, person.sip_password, line.name, person.name)


def _trunk(table: Table, name: str) -> SipTrunk:
    trunk = table.trunks[name]
    return SipTrunk(
        line=LineId(name),
        host=trunk.host,
        port=trunk.port,
        transport=trunk.transport,
        username=trunk.username,
        password=trunk.password,
        register=trunk.register,
        from_user=trunk.caller_number,
    )
