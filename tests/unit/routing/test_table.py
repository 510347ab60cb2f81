# SPDX-License-Identifier: GPL-2.0-or-later
"""The table: dialling with permissions, look-ups, its file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from firmware.errors import ConfigError
from firmware.routing.codes import WORLD, Abroad
from firmware.routing.steps import (
    Destination,
    Feature,
    Refused,
    ToFeature,
    ToOutside,
    ToPerson,
    ToQueue,
    ToScheme,
)
from firmware.routing.table import Table
from firmware.values import Cause, LineId, LineKind, Party, Verdict
from tests.unit.routing.offices import compiled, now

BOTH = ("city", "itsp")
FXO2 = """[[lines]]
name = "FXO2"
kind = "fxo"
card = "card1"
port = "FXO2"
scheme = "main"

"""


@pytest.fixture(scope="module")
def table() -> Table:
    return compiled()


@pytest.mark.parametrize(
    ("number", "leads_to"),
    [
        ("202", ToPerson("202")),
        ("300", ToQueue("sales")),
        ("400", ToScheme("main")),
        ("112", ToOutside("112", BOTH, emergency=True)),
        ("9112", ToOutside("112", BOTH, emergency=True)),
        ("9101", ToOutside("101", BOTH, emergency=True)),
        ("90441234567", ToOutside("0441234567", BOTH)),
        ("90441234567#", ToOutside("0441234567", BOTH)),
        ("900441234567", ToOutside("00441234567", ("itsp",))),
        ("+380441234567", ToOutside("0441234567", BOTH)),
        ("+4912345678", ToOutside("004912345678", ("itsp",))),
        ("*8", ToFeature(Feature.PICKUP)),
        ("*8202", ToFeature(Feature.PICKUP, "202")),
        ("*97", ToFeature(Feature.MAILBOX)),
        ("*98202", ToFeature(Feature.MAILBOX, "202")),
        ("*72202", ToFeature(Feature.FORWARD_ALWAYS, "202")),
        ("*73", ToFeature(Feature.FORWARD_ALWAYS)),
        ("*9090441234567", ToFeature(Feature.FORWARD_BUSY, "90441234567")),
        ("*91", ToFeature(Feature.FORWARD_BUSY)),
        ("*92202", ToFeature(Feature.FORWARD_NO_ANSWER, "202")),
        ("*93", ToFeature(Feature.FORWARD_NO_ANSWER)),
        ("*45", ToFeature(Feature.AGENT_ON)),
        ("*46", ToFeature(Feature.AGENT_OFF)),
    ],
)
def test_where_numbers_lead(table: Table, number: str, leads_to: Destination) -> None:
    assert table.dial("201", number) == leads_to
    if not number.startswith("+"):
        verdict = table.digits_for(LineId("FXS1")).run(number)
        assert verdict in (Verdict.COMPLETE, Verdict.MAY_GROW)


@pytest.mark.parametrize(
    ("extension", "number", "cause", "reason"),
    [
        ("201", "599", Cause.UNALLOCATED, "No extension or prefix of this office fits 599."),
        ("201", "91", Cause.UNALLOCATED, "No extension or prefix of this office fits 91."),
        ("201", "9" * 20, Cause.UNALLOCATED, "No extension or prefix"),
        ("202", "90441234567", Cause.NOT_PERMITTED, "Extension 202 has no class 'national'."),
        ("202", "+380441234567", Cause.NOT_PERMITTED, "Extension 202 has no class 'local'|nat"),
        (None, "90441234567", Cause.NOT_PERMITTED, r"Extension \(none\) has no class"),
        (None, "*97", Cause.NOT_PERMITTED, "belongs to no person"),
        ("201", "*5", Cause.INVALID_NUMBER, "no feature code"),
        ("201", "*98", Cause.INVALID_NUMBER, "no feature code"),
        ("201", "*72", Cause.INVALID_NUMBER, "no feature code"),
        ("201", "*98555", Cause.INVALID_NUMBER, "no feature code"),
        ("202", "*7290441234567", Cause.NOT_PERMITTED, "has no class 'national'"),
        ("201", "+3", Cause.NO_ROUTE, r"No outside prefix leads to \+3"),
        ("201", "#", Cause.UNALLOCATED, "fits #"),
    ],
)
def test_where_they_do_not(
    table: Table, extension: str | None, number: str, cause: Cause, reason: str
) -> None:
    refused = table.dial(extension, number)
    assert isinstance(refused, Refused) and refused.cause is cause
    assert re.search(reason, refused.reason)
    prompt = "not_permitted" if cause is Cause.NOT_PERMITTED else "number_unavailable"
    assert refused.prompt == prompt


def test_emergency_numbers_need_no_permission(table: Table) -> None:
    for extension in ("201", "202", None):
        for number in ("112", "9112", "8101", "900112"):
            found = table.dial(extension, number)
            assert isinstance(found, ToOutside) and found.emergency


def test_what_a_prefix_adds(table: Table) -> None:
    assert table.dial("202", "81234567") == ToOutside("0441234567", ("FXO1",))


def test_without_outside_prefixes_world_numbers_lead_nowhere(table: Table) -> None:
    inside_only = Table(msgspec.structs.replace(table.data, routes=()))
    refused = inside_only.dial("201", "+380441234567")
    assert isinstance(refused, Refused) and refused.cause is Cause.NO_ROUTE


def test_lines_and_their_owners(table: Table) -> None:
    fxs, fxo = table.lines[LineId("FXS1")], table.lines[LineId("FXO1")]
    assert (fxs.kind, fxs.country, fxs.extension) == (LineKind.FXS, "UA", "201")
    assert fxs.receive_gain_db == -3.0
    assert (fxo.kind, fxo.country, fxo.scheme) == (LineKind.FXO, "PL", "main")
    assert fxo.pulse and fxo.disconnect == ("busy-tone",) and fxo.number == "0445550101"
    assert table.lines[LineId("sip:202")].kind is LineKind.SIP_PHONE
    assert table.lines[LineId("itsp")].kind is LineKind.SIP_TRUNK
    assert table.owner_of(LineId("sip:202")) == "202"
    assert table.owner_of(LineId("FXS2")) is None and table.owner_of(LineId("none")) is None


def test_people_and_their_devices(table: Table) -> None:
    assert table.device_lines("201") == ("FXS1", "sip:201")
    assert table.device_lines("299") == ()
    anna = table.person("201")
    assert anna is not None and anna.mailbox and anna.mobile == "+380501110101"
    assert table.person("299") is None


def test_where_callers_start(table: Table) -> None:
    assert table.start_of(LineId("FXO1")) == "main"
    assert table.start_of(LineId("itsp"), "+380445550199") == "direct"
    assert table.start_of(LineId("itsp"), "1") == "main"
    assert table.start_of(LineId("FXS1")) is None
    assert table.start_of(LineId("nothing")) is None
    assert table.walk("FXO1", Party(), now()).scheme == "main"
    assert table.walk("direct", Party(), now()).scheme == "direct"
    with pytest.raises(ConfigError, match='"FXS1" is neither a scheme nor a line'):
        table.walk("FXS1", Party(), now())


def test_trunk_lines_come_in_order_and_once(table: Table) -> None:
    assert table.trunk_lines(("itsp", "city", "FXO1")) == ("itsp", "FXO1")


def test_emergency_trunks_default_to_everything_that_leads_out(table: Table) -> None:
    assert table.data.emergency_trunks == ("city", "itsp")
    alone = compiled(('lines = ["FXO1"]', 'lines = ["FXO2"]'), ("[[trunks]]", FXO2 + "[[trunks]]"))
    assert alone.data.emergency_trunks == ("city", "FXO1", "itsp")
    named = compiled(('["101"]', '["101"]\nemergency_trunks = ["itsp"]'))
    assert named.data.emergency_trunks == ("itsp",)


def test_the_extensions_automaton_knows_extensions_only(table: Table) -> None:
    assert table.extensions.run("201") is Verdict.COMPLETE
    assert table.extensions.run("300") is Verdict.IMPOSSIBLE


def test_equal_offices_have_equal_hashes(table: Table) -> None:
    assert compiled().hash == table.hash
    assert compiled(("answer_time_s = 12", "answer_time_s = 13")).hash != table.hash


def test_a_saved_table_loads_as_it_is(table: Table, tmp_path: Path) -> None:
    path = tmp_path / "office.table"
    table.save(path)
    again = Table.load(path)
    assert again.data == table.data and again.hash == table.hash
    assert path.stat().st_mode & 0o777 == 0o600, "the file holds passwords"
    assert [file.name for file in tmp_path.iterdir()] == ["office.table"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: text[: len(text) // 2], "is no routing table"),
        (lambda text: text.replace('"Anna"', '"Anne"'), "does not match its hash"),
        (lambda text: json.dumps(json.loads(text) | {"format": 99}), "has format 99"),
        (lambda text: "{}", "is no routing table"),
    ],
)
def test_a_damaged_table_is_refused(
    table: Table, tmp_path: Path, damage: Callable[[str], str], reason: str
) -> None:
    path = tmp_path / "office.table"
    table.save(path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(ConfigError, match=f"{reason}.*tipring compile"):
        Table.load(path)


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Table.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("country", "number", "dialled"),
    [
        ("UA", "+380441234567", "0441234567"),
        ("UA", "+48221234567", "0048221234567"),
        ("RU", "+74951234567", "84951234567"),
        ("RU", "+48221234567", "81048221234567"),
        ("PL", "+48221234567", "221234567"),
        ("UK", "+442012345678", "02012345678"),
        ("US", "+12125550100", "12125550100"),
        ("US", "+4930123456", "0114930123456"),
        ("DE", "030123456", "030123456"),
    ],
)
def test_world_numbers_as_the_country_dials_them(country: str, number: str, dialled: str) -> None:
    assert Abroad(*WORLD[country]).dialled(number) == dialled
