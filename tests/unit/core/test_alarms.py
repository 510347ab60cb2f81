# SPDX-License-Identifier: GPL-2.0-or-later
"""Alarms stand from the first raise to the clear."""

from __future__ import annotations

from datetime import timedelta

from firmware.alarms import Alarms
from firmware.views import Alarm
from tests.unit.core.machines import NOW

LATER = NOW.wall + timedelta(minutes=5)


def test_alarms_stand_oldest_first() -> None:
    alarms = Alarms()
    alarms.raise_alarm("card", "Silent.", NOW.wall)
    alarms.raise_alarm("media", "Away.", LATER)
    assert alarms.standing == (
        Alarm("card", "Silent.", NOW.wall),
        Alarm("media", "Away.", LATER),
    )


def test_raised_again_keeps_its_time_and_place() -> None:
    alarms = Alarms()
    alarms.raise_alarm("card", "Silent.", NOW.wall)
    alarms.raise_alarm("media", "Away.", NOW.wall)
    alarms.raise_alarm("card", "Still silent.", LATER)
    assert alarms.standing[0] == Alarm("card", "Still silent.", NOW.wall)


def test_cleared_alarm_is_gone_and_an_unknown_one_is_ignored() -> None:
    alarms = Alarms()
    alarms.raise_alarm("card", "Silent.", NOW.wall)
    alarms.clear_alarm("media")
    assert len(alarms.standing) == 1
    alarms.clear_alarm("card")
    assert alarms.standing == ()
    alarms.raise_alarm("card", "Silent.", LATER)
    assert alarms.standing[0].since == LATER
