# SPDX-License-Identifier: GPL-2.0-or-later
"""A handset that nobody puts down: dial tone, congestion, howler, silence with an alarm."""

from __future__ import annotations

import pytest

from firmware.effects import ClearAlarm, RaiseAlarm
from firmware.lines.fxs import State as FxsState
from firmware.lines.fxs.state import HOWLER_S, REORDER_S
from firmware.values import LineId
from tests.unit.core.office import OfficeBox
from tests.unit.core.test_assembly import office

ALARM = "off-hook:FXS1"


@pytest.fixture
def box() -> OfficeBox:
    started = OfficeBox(office("r1"))
    started.power_up()
    return started


def alarms(box: OfficeBox) -> list[str]:
    return [effect.key for effect in box.effects if isinstance(effect, RaiseAlarm)]


def left_behind(box: OfficeBox) -> None:
    """101 calls 102, who hangs up; 101 does not."""
    box.lift("FXS1")
    box.dial("FXS1", "102")
    box.run(4.0)
    box.lift("FXS2")
    box.run(10.0)
    box.put_down("FXS2")


def test_howler_and_then_silence_with_an_alarm(box: OfficeBox) -> None:
    left_behind(box)
    assert box.hears("FXS1") == "busy"
    box.run(REORDER_S + 1.0)
    assert box.hears("FXS1") == "howler" and ALARM not in alarms(box)
    box.run(HOWLER_S)
    assert box.machines[LineId("FXS1")].state is FxsState.PARKED
    assert box.media.ports == {} and alarms(box) == [ALARM]
    box.run(3600.0)
    assert alarms(box) == [ALARM] and box.switch.empty


def test_whoever_calls_it_meanwhile_hears_busy(box: OfficeBox) -> None:
    left_behind(box)
    box.run(REORDER_S + HOWLER_S + 60.0)
    box.lift("FXS3")
    box.dial("FXS3", "101")
    box.run(1.0)
    assert box.ringing == set()
    box.put_down("FXS3")


def test_putting_it_down_brings_the_line_back(box: OfficeBox) -> None:
    left_behind(box)
    box.run(REORDER_S + HOWLER_S + 60.0)
    box.put_down("FXS1")
    assert ClearAlarm(ALARM) in box.effects and box.at_rest
    box.lift("FXS3")
    box.dial("FXS3", "101")
    box.run(1.0)
    assert "FXS1" in box.ringing
    box.put_down("FXS3")
    assert box.at_rest
