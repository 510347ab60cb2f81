# SPDX-License-Identifier: GPL-2.0-or-later
"""Pain 1: the far end hung up and nobody noticed, because its busy tone is none of the country's.

The exchange lines give a busy tone of 450 Hz, 200 ms on and 300 ms off, in a Ukrainian office
(425 Hz, 350/350). The first call ends after four rounds of it, later ones after two.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from time import monotonic

import pytest

from board.sim.client import ExchangeLine, Telephone
from board.sim.voices import speak_text
from tests.scenario.desk import SOON_S, number_sent, put_down, record_of
from tests.scenario.hearing import hears
from tests.scenario.scene import MONDAY, Scene

OFFICE, AT = "r1", MONDAY
FIRST_S, KNOWN_S = 6.0, 2.0  # from the tone's start to the relay's opening, as the exchange sees it
KEY = "learned-tone/FXO1"
BUSY = 17

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def foreign(line: ExchangeLine) -> ExchangeLine:
    """A line of another network."""
    await line.options(busy_hz=(450.0,), busy_on_ms=200, busy_off_ms=300, noise_dbm0=-45.0)
    return line


async def seconds_until_released(line: ExchangeLine) -> float:
    """The outside party hangs up; how long our side stays on the line."""
    await line.hang_up("busy-tone")
    began = monotonic()
    await line.released(SOON_S)
    return monotonic() - began


async def answered(scene: Scene, phone: Telephone) -> None:
    """Answer the caller here; the bell alone may still be in the last pause of another call."""
    await scene.line_is(phone.name, "ringing")
    await phone.lift()
    await scene.talks(1)


async def called_and_left(scene: Scene, line: ExchangeLine, phone: Telephone, caller: str) -> float:
    """A talk with an outside caller that he ends; how long the line was held after it."""
    await line.call(caller)
    await answered(scene, phone)
    await hears(phone, line)
    held_s = await seconds_until_released(line)
    await phone.wait_hears("busy", SOON_S)
    await put_down(phone)
    return held_s


def kept(scene: Scene, key: str) -> list[dict[str, object]]:
    """What the store keeps under this key."""
    path = scene.stage.run_dir / "data/store.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchall()
    return list(json.loads(rows[0][0])) if rows else []


async def test_tone_is_learned_and_survives_a_restart(scene: Scene) -> None:
    line, phone = await foreign(scene.line(1)), scene.phone(1)
    first_s = await called_and_left(scene, line, phone, "0501111111")
    assert first_s < FIRST_S
    (tone,) = kept(scene, KEY)
    assert tone["frequencies_hz"] == [pytest.approx(450.0, abs=2.0)]
    assert tone["on_ms"] == pytest.approx(200, abs=8)
    assert tone["off_ms"] == pytest.approx(300, abs=8)
    second_s = await called_and_left(scene, line, phone, "0502222222")
    assert second_s < min(KNOWN_S, first_s - 0.5)
    await scene.stage.kill_exchange()
    await scene.stage.start_exchange()
    third_s = await called_and_left(scene, line, phone, "0503333333")
    assert third_s < min(KNOWN_S, first_s - 0.5)
    assert kept(scene, KEY) == [tone], "learned once"
    for record in await scene.records(3):
        assert record["answered_by"] == "101" and record["hung_up_by"] == "caller", record


async def test_other_lines_learn_for_themselves(scene: Scene) -> None:
    """Our side goes on talking into the tone: its echo does not hide it for long."""
    line, phone = await foreign(scene.line(2)), scene.phone(2)
    await line.options(erl_db=12.0)
    assert kept(scene, "learned-tone/FXO2") == []
    await line.call("0504444444")
    await answered(scene, phone)
    await hears(line, phone)
    await phone.speak(speak_text("Hello? Hello? Are you there?", "en+f3"))
    assert await seconds_until_released(line) < FIRST_S
    assert len(kept(scene, "learned-tone/FXO2")) == 1
    await put_down(phone)


async def test_unknown_tone_after_dialling_is_busy(scene: Scene) -> None:
    line, phone = await foreign(scene.line(1)), scene.phone(3)
    await phone.lift()
    await phone.wait_hears("dial", SOON_S)
    await phone.dial("90445550199")
    await number_sent(line, "0445550199")
    await line.busy()
    await line.released(SOON_S)
    record = await record_of(scene, caller="103")
    assert record["cause"] == BUSY and not record["answered"], record
    await asyncio.sleep(0.5)
    await put_down(phone)
