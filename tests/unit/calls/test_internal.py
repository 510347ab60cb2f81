# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls between telephones of the office."""

from __future__ import annotations

from firmware.effects import Release
from firmware.values import Cause
from tests.unit.calls.world import World


def test_one_telephone_calls_another_and_hangs_up() -> None:
    w = World()
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS2"} and w.hears("FXS1") == "ringback"
    w.run(3)
    w.lift("FXS2")
    assert w.talk("FXS1", "FXS2")
    w.run(10)
    w.hang_up("FXS1")
    assert w.hears("FXS2") == "busy"
    w.hang_up("FXS2")
    assert w.over()
    assert w.events("offer-ended") == [
        {"extension": "202", "line": "FXS2", "seconds": 3.0, "why": "answered"}
    ]
    assert w.events("ended") == [{"cause": 16, "by": "caller"}]


def test_the_called_one_hangs_up_first() -> None:
    w = World()
    w.dial("sip:205", "201")
    w.lift("FXS1")
    w.hang_up("FXS1")
    assert w.events("ended") == [{"cause": 16, "by": "called"}]
    assert w.over()


def test_a_busy_telephone_gives_busy() -> None:
    w = World()
    w.lift("FXS2")
    w.dial("FXS1", "202")
    assert w.hears("FXS1") == "busy"
    assert [e.cause for e in w.effects if isinstance(e, Release)] == [Cause.BUSY]
    assert w.events("skipped") == [{"extension": "202", "why": "busy"}]
    w.hang_up("FXS1")
    w.hang_up("FXS2")
    assert w.over()
