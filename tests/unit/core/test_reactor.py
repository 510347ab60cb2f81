# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop of the exchange: facts in, effects out, one timer; and the clock it reads."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from firmware.effects import RaiseAlarm, SaveSetting
from firmware.events import HookChanged, PlayEnded
from firmware.officeclock import OfficeClock
from firmware.reactor import Reactor
from firmware.values import LegId, LineId
from tests.unit.core.machines import Bench
from tests.unit.core.test_dispatcher import House

KYIV = ZoneInfo("Europe/Kyiv")
LIFTED = HookChanged(LineId("FXS1"), True)
NOTE = SaveSetting("k", "v")


class Desk:
    """A reactor between fake machines and fake doors."""

    def __init__(self) -> None:
        self.bench, self.house = Bench(), House()
        self.reactor = Reactor(OfficeClock(KYIV))
        self.reactor.join(self.bench.core, self.house.dispatcher)

    @property
    def stored(self) -> list[Any]:
        return [entry[1] for entry in self.house.journal if entry[0] == "store"]


async def test_fact_in_effects_out() -> None:
    desk = Desk()
    desk.bench.fxs.answers[HookChanged] = [NOTE]
    desk.reactor.feed(LIFTED)
    assert desk.stored == [NOTE]


async def test_fault_costs_one_fact(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.bench.calls.answers[PlayEnded] = lambda fact: 1 / 0
    desk.bench.fxs.answers[HookChanged] = [NOTE]
    desk.reactor.feed(PlayEnded(LegId(1), 1, ""))
    desk.reactor.feed(LIFTED)
    assert desk.stored == [NOTE]
    assert "could not handle PlayEnded" in caplog.text


async def test_timer_rings_when_the_machines_say() -> None:
    desk = Desk()
    rang = asyncio.Event()

    def on_timer(_: object) -> list[Any]:
        desk.bench.fxo.due = None
        rang.set()
        return [NOTE]

    desk.bench.fxo.answers["timer"] = on_timer
    desk.bench.fxo.due = asyncio.get_running_loop().time() + 60.0
    desk.reactor.feed(LIFTED)
    desk.bench.fxo.due -= 59.95  # sooner: the timer is set anew
    desk.reactor.feed(LIFTED)
    await asyncio.wait_for(rang.wait(), 2.0)
    await asyncio.sleep(0)
    assert desk.stored == [NOTE]
    assert desk.reactor._timer is None


async def test_watchers_are_told_of_each_change() -> None:
    desk = Desk()
    first = desk.reactor.changed()
    assert not first.is_set() and desk.reactor.changed() is first
    desk.reactor.feed(LIFTED)
    assert first.is_set()
    assert not desk.reactor.changed().is_set()


async def test_other_threads_have_their_effect_carried_out() -> None:
    desk = Desk()
    await asyncio.to_thread(desk.reactor.act_soon, RaiseAlarm("records", "Disk full."))
    await asyncio.sleep(0)
    [(door, what, key, text, wall)] = desk.house.journal
    assert (door, what, key, text) == ("alarms", "raise", "records", "Disk full.")
    assert wall.tzinfo is KYIV


async def test_clock_tells_office_time() -> None:
    now = OfficeClock(KYIV).now()
    assert now.mono_s == pytest.approx(asyncio.get_running_loop().time(), abs=0.5)
    assert abs(now.wall - datetime.now(KYIV)) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "rehearsed", [datetime(2026, 5, 3, 10), datetime(2026, 5, 3, 10, tzinfo=KYIV)]
)
async def test_rehearsal_begins_at_another_time(rehearsed: datetime) -> None:
    clock = OfficeClock(KYIV, rehearsed)
    begins = datetime(2026, 5, 3, 10, tzinfo=KYIV)
    assert timedelta() <= clock.now().wall - begins < timedelta(seconds=1)
