# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of the box's parts in the middle of calls, with real processes."""

from __future__ import annotations

import pytest

from tests.scenario.scene import MONDAY, Scene

OFFICE, AT = "r1", MONDAY
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_card_link_cut(scene: Scene) -> None:
    """Analog lines are out of service until the cable is back; a SIP talk does not notice."""
    async with scene.stage.sip_phones("109", "110") as sip:
        await sip.dial("109", "110")
        await sip.wait_event("CALL_INCOMING", "110")
        await sip.answer("110")
        await scene.talks(1)
        await scene.phone(1).lift()
        await scene.phone(1).wait_hears("dial")
        await scene.phone(1).dial("102")
        await scene.phone(2).wait_ringing()
        await scene.phone(2).lift()
        await scene.talks(2)
        await scene.stage.board.cut_link()
        text = await scene.alarm("card:card1")
        assert "card1" in text
        assert {line.state for line in await scene.analog()} == {"out of service"}
        (record,) = await scene.records(1)
        assert (record["caller"], record["answered_by"]) == ("101", "102")
        assert record["cause"] == 27 and record["hung_up_by"] == "line", record
        assert await scene.stage.calls_in_talk() == 1, "the SIP talk goes on"
        await scene.phone(1).hang_up()
        await scene.phone(2).hang_up()
        await scene.stage.board.restore_link()
        await scene.no_alarm("card:card1")
        for line in await scene.analog():
            await scene.line_is(line.line, "idle")
        await scene.talk_inside(3, 4)
        await scene.phone(3).hang_up()
        await scene.phone(4).hang_up()
        await sip.hang_up("109")
        await sip.wait_event("CALL_CLOSED", "110")
    records = await scene.records(3)
    assert [record["cause"] for record in records[1:]] == [16, 16]
