# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios of the demo, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from board.demo.report import Report
from board.demo.scenarios import analog, incoming, restart, sip
from board.demo.stage import Stage

MONDAY = datetime(2026, 11, 23, 10, 0)  # office hours
SUNDAY = datetime(2026, 11, 22, 12, 0)

Play = Callable[[Stage, Report], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario and the office it plays in; neighbours with the same office share a stage."""

    name: str
    office: str
    at: datetime
    play: Play
    lane: int = 0  # two offices play side by side, one in each lane


SCENARIOS = (
    Scenario("phone-to-phone", "r1", MONDAY, analog.phone_to_phone),
    Scenario("rotary", "r1", MONDAY, analog.rotary),
    Scenario("ring-all", "r1", MONDAY, incoming.ring_all),
    Scenario("sip-phone", "r1", MONDAY, sip.sip_phone),
    Scenario("outside", "r1", MONDAY, analog.outside),
    Scenario("restart", "r1", MONDAY, restart.restart),
    Scenario("secretary", "r2", MONDAY, incoming.secretary, lane=1),
    Scenario("sip-trunk", "r2", MONDAY, sip.sip_trunk, lane=1),
    Scenario("after-hours", "r1", SUNDAY, incoming.after_hours, lane=1),
    Scenario("call-centre", "r3", MONDAY, incoming.call_centre, lane=1),
)
