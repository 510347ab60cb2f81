# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchange lines of six countries: caller ID, ways to hang up, dialling out, answers, busy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from board.sim.client import ExchangeLine, Telephone
from tests.scenario.desk import (
    SOON_S,
    dial,
    in_talk,
    number_sent,
    office,
    put_down,
    record_of,
    side_by_side,
)
from tests.scenario.hearing import hears
from tests.scenario.scene import Scene

CALLER = "501234567"
NUMBER = "445559988"
TALK_S = 1.5  # a reversal within 1 s may belong to the answer
RELEASED_S = {"busy-tone": 5.0, "loop-drop": 2.0, "polarity": 2.0}

DIRECT = """\
[schemes.first]
start = "olena"
[schemes.first.blocks.olena]
kind = "person"
person = "101"
otherwise = "sorry"
[schemes.first.blocks.sorry]
kind = "announce"
prompt = "closed"

[schemes.third]
start = "iryna"
[schemes.third.blocks.iryna]
kind = "person"
person = "103"
otherwise = "sorry"
[schemes.third.blocks.sorry]
kind = "announce"
prompt = "closed"

[schemes.main]"""
CHANGES = {
    r'^scheme = "main"\nnumber = "0445550101"$': 'scheme = "first"\nnumber = "0445550101"',
    r'^scheme = "main"\nnumber = "0445550103"$': 'scheme = "third"\nnumber = "0445550103"',
    r"^\[schemes\.main\]$": DIRECT,
}


async def called(scene: Scene, line: ExchangeLine, phone: Telephone, style: str) -> None:
    """A caller with caller ID, answered; the far end hangs up in this style."""
    await line.call(CALLER, "Ivan")
    await phone.wait_ringing(SOON_S)
    shown = await phone.wait_display(SOON_S)
    assert (shown.get("number"), shown.get("name")) == (CALLER, "Ivan"), shown
    await phone.lift()
    await in_talk(scene, line.name, phone.name)
    await asyncio.sleep(TALK_S)
    await line.hang_up(style)
    released_s = await line.released(10)
    assert released_s <= RELEASED_S[style], f"{style}: released after {released_s:.1f} s"
    await phone.wait_hears("busy", SOON_S)
    await put_down(phone)


async def dialled(scene: Scene, phone: Telephone) -> ExchangeLine:
    """Dial out; the line that is used, once it has the number. It rings at the far end."""
    await dial(phone, f"9{NUMBER}")

    async def line() -> str:
        for call in (await scene.status()).calls:
            if phone.name in call.lines and len(call.lines) == 2:
                return str(next(name for name in call.lines if name != phone.name))
        return ""

    name: str = await scene.until(line, f"a line for {phone.name}", SOON_S)
    outside = scene.stage.board.exchange_line(name)
    await number_sent(outside, NUMBER)
    return outside


async def _answered_by_polarity(scene: Scene) -> None:
    """Ringback is heard and is no answer; the reversal is."""
    phone = scene.phone(5)
    line = await dialled(scene, phone)
    await line.ring_back()
    await phone.wait_hears("ringback", SOON_S)
    states = {call.state for call in (await scene.status()).calls if phone.name in call.lines}
    assert states == {"early"}, "ringback is no answer"
    await line.answer(polarity=True)
    await in_talk(scene, phone.name, line.name)
    await hears(line, phone)
    await put_down(phone)
    await line.released(SOON_S)
    record = await record_of(scene, caller="105", direction="out")
    assert record["supervision"] == "certain", record
    assert record["wait_s"] > 3, "the time of ringing is no talk"


async def _answered_by_voice(scene: Scene) -> None:
    """Without polarity the first words are the answer."""
    phone = scene.phone(6)
    line = await dialled(scene, phone)
    await line.ring_back()
    await phone.wait_hears("ringback", SOON_S)
    await line.answer()
    await hears(phone, line)
    await in_talk(scene, phone.name, line.name)
    await put_down(phone)
    await line.released(SOON_S)
    record = await record_of(scene, caller="106", answered=True)
    assert record["supervision"] == "estimated", record


async def _busy(scene: Scene) -> None:
    """The caller hears busy, the record says busy."""
    phone = scene.phone(7)
    line = await dialled(scene, phone)
    await line.busy()
    await line.released(SOON_S)
    await phone.wait_hears("busy", SOON_S)
    await put_down(phone)
    record = await record_of(scene, caller="107")
    assert record["cause"] == 17, record


async def played(country: str, style: str, folder: Path) -> None:
    """All of it in one country, on four lines at once."""
    async with office(folder / country, "r1", country, CHANGES) as scene:

        async def called_then_busy() -> None:
            await called(scene, scene.line(1), scene.phone(1), "busy-tone")
            await _busy(scene)

        await side_by_side(
            called_then_busy(),
            called(scene, scene.line(3), scene.phone(3), style),
            _answered_by_polarity(scene),
            _answered_by_voice(scene),
        )


@pytest.mark.parametrize(
    "styles",
    [
        {"UA": "loop-drop", "RU": "polarity", "UK": "loop-drop"},
        {"DE": "loop-drop", "PL": "polarity", "US": "polarity"},
    ],
)
async def test_countries(styles: dict[str, str], tmp_path: Path) -> None:
    """Caller ID, the ways to hang up, calls out, in three countries at the same time."""
    await side_by_side(*(played(country, how, tmp_path) for country, how in styles.items()))
