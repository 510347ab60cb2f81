# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of the box's parts in the middle of calls, with real processes."""

from __future__ import annotations

import pytest

from tests.scenario.scene import LONG_S, MONDAY, Scene, settle

OFFICE, AT = "r1", MONDAY
pytestmark = pytest.mark.asyncio(loop_scope="module")


CALLER, OTHER_CALLER = "0501234567", "0671234567"
QUIET_DBM0 = -45.0
SENTENCE_S = 4.0  # "please wait" in Ukrainian


async def test_card_link_cut(scene: Scene) -> None:
    """Analog lines are out of service until the cable is back; a SIP talk does not notice."""
    async with scene.stage.sip_phones("109", "110") as sip:
        await sip.dial("109", "110")
        await sip.wait_event("CALL_INCOMING", "110", LONG_S)
        await sip.answer("110")
        await scene.talks(1)
        await _talk_inside(scene, 1, 2)
        await scene.talks(2)
        await scene.stage.board.cut_link()
        assert "card1" in await scene.alarm("card:card1")
        assert {line.state for line in await scene.analog()} == {"out of service"}
        (record,) = await scene.records(1)
        assert (record["caller"], record["answered_by"]) == ("101", "102")
        assert (record["cause"], record["hung_up_by"]) == (27, "line")
        assert await scene.stage.calls_in_talk() == 1, "the SIP talk goes on"
        await _hang_up(scene, 1, 2)
        await scene.stage.board.restore_link()
        await scene.no_alarm()
        for line in await scene.analog():
            await scene.line_is(line.line, "idle")
        await _talk_inside(scene, 3, 4)
        await scene.talks(2)
        await _hang_up(scene, 3, 4)
        await sip.hang_up("109")
        await sip.wait_event("CALL_CLOSED", "110", LONG_S)
    records = await scene.records(3)
    assert [record["cause"] for record in records[1:]] == [16, 16]


async def test_media_host_killed(scene: Scene) -> None:
    """All talks end with a record; lines and phones work with the next media host."""
    line, waiting = scene.line(1), scene.line(2)
    async with scene.stage.sip_phones("109") as sip:
        await sip.dial("109", "102")
        await scene.phone(2).wait_ringing(LONG_S)
        await scene.phone(2).lift()
        await scene.talks(1)
        await line.call(CALLER)
        await _answer(scene, 1)
        await scene.talks(2)
        await scene.stage.kill_media()
        await scene.alarm("media")
        await line.released(LONG_S)
        await sip.wait_event("CALL_CLOSED", "109", LONG_S)
        records = await scene.records(2)
        assert {record["cause"] for record in records} <= {38, 41}, records
        assert all(record["answered"] and not record["interrupted"] for record in records)
        await scene.phone(3).lift()  # silence, and no call that nobody could end
        await waiting.call(OTHER_CALLER)
        await scene.stage.start_media()
        await scene.no_alarm("media")
        await _hang_up(scene, 1, 2, 3)
        await waiting.wait_answered(LONG_S)
        await _answer(scene, 4)
        await scene.talks(1)
        await waiting.hang_up("loop-drop")
        await scene.phone(4).wait_hears("busy", LONG_S)
        await scene.phone(4).hang_up()
        await sip.dial("109", "102")
        await scene.phone(2).wait_ringing(LONG_S)
        await scene.phone(2).lift()
        await scene.talks(1)
        await scene.phone(2).hang_up()
    records = await scene.records(4)
    assert records[2]["answered_by"] == "104" and records[3]["answered_by"] == "102", records
    await scene.no_alarm()


async def test_exchange_killed(scene: Scene) -> None:
    """Talks are adopted and end as usual; a waiting caller enters his scheme again."""
    waiting, talking = scene.line(1), scene.line(2)
    async with scene.stage.sip_phones("109") as sip:
        await sip.dial("109", "105")
        await scene.phone(5).wait_ringing(LONG_S)
        await scene.phone(5).lift()
        await scene.talks(1)
        await talking.call(CALLER)
        await talking.wait_answered(LONG_S)  # the first in the queue
        await waiting.call(OTHER_CALLER)
        await _answer(scene, 3)
        await scene.talks(2)
        await _waits_with_music(scene)
        await scene.stage.kill_exchange()
        await settle(1.0)
        assert await waiting.level_dbm0(1.0) > QUIET_DBM0, "music goes on"
        await scene.stage.start_exchange()
        await scene.talks(2)
        await sip.hang_up("109")
        await scene.phone(5).wait_hears("busy", LONG_S)
        await scene.phone(5).hang_up()
        await talking.hang_up("loop-drop")
        await scene.phone(3).wait_hears("busy", LONG_S)
        await scene.phone(3).hang_up()
        await _answer(scene, 2)
        await scene.talks(1)
        await scene.phone(2).hang_up()
        await waiting.released(LONG_S)
    records = {record["caller"]: record for record in await scene.records(3)}
    assert not any(record["interrupted"] for record in records.values()), records
    answered = {caller: record["answered_by"] for caller, record in records.items()}
    assert answered == {CALLER: "103", "109": "105", OTHER_CALLER: "102"}
    assert {record["cause"] for record in records.values()} == {16}
    await scene.no_alarm()


async def test_exchange_line_without_battery(scene: Scene) -> None:
    """A line whose cable is pulled is out of service with an alarm, in talk and idle."""
    line = scene.line(1)
    await line.call(CALLER)
    await _answer(scene, 1)
    await scene.talks(1)
    await line.set_battery(False)
    await scene.line_is("FXO1", "out of service")
    assert "FXO1" in await scene.alarm("battery:FXO1")
    (record,) = await scene.records(1)
    assert record["answered_by"] == "101" and record["hung_up_by"] == "caller"
    await scene.phone(1).wait_hears("busy", LONG_S)
    await scene.phone(1).hang_up()
    await line.set_battery(True)
    await scene.line_is("FXO1", "idle")
    await scene.no_alarm()
    await line.set_battery(False)
    await scene.line_is("FXO1", "out of service")
    await line.set_battery(True)
    await scene.no_alarm()


async def test_outside_callers_who_leave_early(scene: Scene) -> None:
    """While it rings, during the greeting and in the queue; only a busy tone tells the last two."""
    first, second, third = scene.line(1), scene.line(2), scene.line(3)
    await first.call(CALLER)
    await first.stop_calling()
    await second.call(CALLER)
    await third.call(OTHER_CALLER)
    await second.wait_answered(LONG_S)
    await second.hang_up("busy-tone")
    await scene.line_is("FXS1", "ringing")
    await third.hang_up("busy-tone")
    await third.released(LONG_S)
    await second.released(LONG_S)
    await scene.phone(1).wait_not_ringing(LONG_S)
    missed = [record for record in await scene.records(2) if record["missed"]]
    assert {record["caller"] for record in missed} >= {CALLER, OTHER_CALLER}
    assert all(record["hung_up_by"] == "caller" for record in missed)


async def _talk_inside(scene: Scene, caller: int, called: int) -> None:
    await scene.phone(caller).lift()
    await scene.phone(caller).wait_hears("dial", LONG_S)
    await scene.phone(caller).dial(f"10{called}")
    await scene.line_is(f"FXS{called}", "ringing")
    await scene.phone(called).lift()


async def _waits_with_music(scene: Scene) -> None:
    """The queue's first sentence is over: from now on music plays without the exchange."""

    async def long_enough() -> bool:
        return any(queue.longest_wait_s > SENTENCE_S for queue in (await scene.status()).queues)

    await scene.until(long_enough, "a caller with music")


async def _answer(scene: Scene, number: int) -> None:
    """Answer a caller from the queue, for good: the others have stopped ringing."""
    await scene.line_is(f"FXS{number}", "ringing")  # the bell alone may be in its last pause
    await scene.phone(number).lift()

    async def settled() -> bool:
        calls = (await scene.status()).calls
        mine = [call for call in calls if f"FXS{number}" in call.lines]
        return any(call.state == "talk" and not call.ringing for call in mine)

    await scene.until(settled, f"FXS{number} talks and nobody rings")


async def _hang_up(scene: Scene, *numbers: int) -> None:
    for number in numbers:
        await scene.phone(number).hang_up()
