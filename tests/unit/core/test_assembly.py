# SPDX-License-Identifier: GPL-2.0-or-later
"""From the table of an example office to the machines of its lines."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from firmware.assembly import country_of, line_machines, sip_lines, sip_settings
from firmware.config.load import load_office
from firmware.lines.countries import COUNTRIES
from firmware.lines.fxo import FxoLine, FxoSettings
from firmware.lines.fxs import FxsLine
from firmware.lines.learned import LearnedTone, setting_key, to_json
from firmware.routing.compile import compile_office
from firmware.routing.table import Table
from firmware.values import LegId, LineId

ROOT = Path(__file__).parents[3]
CARD = {LineId(f"FXS{n}"): n - 1 for n in range(1, 9)} | {
    LineId(f"FXO{n}"): n + 7 for n in range(1, 5)
}


@cache
def office(name: str, old: str = "", new: str = "") -> Table:
    """An example office, with one passage replaced."""
    path = ROOT / "board" / "sim" / "offices" / f"{name}.toml"
    if not old:
        return compile_office(load_office(path, read_on=date(2026, 10, 1)))
    text = path.read_text(encoding="utf-8")
    assert old in text
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as changed:
        changed.write(text.replace(old, new, 1))
        changed.flush()
        return compile_office(load_office(Path(changed.name), read_on=date(2026, 10, 1)))


def new_leg() -> LegId:
    return LegId(1)


@pytest.mark.parametrize("name", ["r1", "r2", "r3"])
def test_every_analog_line_has_a_machine_on_its_channel(name: str) -> None:
    machines = line_machines(office(name), CARD, new_leg)
    assert set(machines) == set(CARD)
    for line, machine in machines.items():
        assert isinstance(machine, FxsLine if line.startswith("FXS") else FxoLine)
        assert (machine.port.line, machine.port.channel) == (line, CARD[line])
        assert machine.port.country is COUNTRIES["UA"]


def test_settings_of_a_line_reach_its_machine() -> None:
    given = 'port = "FXO1"\nscheme = "main"'
    more = (
        'dialling = "pulse"\ndisconnect = ["busy-tone"]\ncountry = "PL"\n'
        "receive_gain_db = -3.0\ntransmit_gain_db = 2.0"
    )
    machines = line_machines(office("r1", given, f"{given}\n{more}"), CARD, new_leg)
    line = machines[LineId("FXO1")]
    assert isinstance(line, FxoLine)
    assert line.settings == FxoSettings(
        pulse_dialling=True, by_loop_drop=False, by_polarity=False, by_busy_tone=True
    )
    assert line.port.country is COUNTRIES["PL"]
    assert (line.port.receive_gain_db, line.port.transmit_gain_db) == (-3.0, 2.0)


def test_kept_tones_reach_the_machine_of_their_line_only() -> None:
    tone = LearnedTone((450.0,), 200, 300)
    kept = {setting_key(LineId("FXO2")): to_json([tone]), "agent/101": "off"}
    machines = line_machines(office("r1"), CARD, new_leg, kept)
    first, second = machines[LineId("FXO1")], machines[LineId("FXO2")]
    assert isinstance(first, FxoLine) and isinstance(second, FxoLine)
    assert first.settings.learned_tones == ()
    assert second.settings.learned_tones == (tone,)


def test_office_has_a_country() -> None:
    assert country_of(office("r1")) is COUNTRIES["UA"]


def test_sip_lines_are_phones_and_trunks() -> None:
    phones = [f"sip:{n}" for n in (109, 110, 111, 113, 114, 115, 116)]
    assert set(sip_lines(office("r1"))) == {*phones, "itsp"}


def test_sip_settings_hold_every_account_and_trunk() -> None:
    settings = sip_settings(office("r1"), "127.0.0.1", 5070, b"s" * 32)
    assert (settings.host, settings.port, settings.realm) == ("127.0.0.1", 5070, "tipring")
    assert settings.secret == b"s" * 32
    accounts = {account.line: account for account in settings.accounts}
    assert len(accounts) == 7
    kateryna = accounts[LineId("sip:109")]
    assert kateryna.extension == "109" and kateryna.password == "office-109"
    [trunk] = settings.trunks
    assert (trunk.line, trunk.host, trunk.port) == (LineId("itsp"), "127.0.0.1", 5080)
    assert (trunk.username, trunk.password, trunk.register) == (
        "380445550100",
        "trunk-secret",
        False,
    )
