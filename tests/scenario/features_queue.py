# SPDX-License-Identifier: GPL-2.0-or-later
"""A call centre: signing on and off, waiting with music, turns, answer time, rest after a talk."""

from __future__ import annotations

import asyncio

from board.sim.client import ExchangeLine, Telephone
from tests.scenario.desk import SOON_S, answer, dial, in_talk, put_down, record_of, side_by_side
from tests.scenario.hearing import hears
from tests.scenario.scene import Scene

ANSWER_S, REST_S = 4, 5
CHANGES = {
    r"^answer_time_s = 15$": f"answer_time_s = {ANSWER_S}",
    r"^wrap_up_s = 7$": f"wrap_up_s = {REST_S}",
}
MUSIC_DBM0 = -45.0
BUSY_HEARD_S = 3.0  # busy tone is known after 1.4 s; the rest began with it


async def sign(phone: Telephone, code: str) -> None:
    """*45 on, *46 off, to the end of the spoken confirmation."""
    await dial(phone, code)
    await phone.wait_hears("speech", SOON_S)
    await put_down(phone)


async def waiting(scene: Scene, count: int) -> None:
    """Wait until so many callers wait."""

    async def enough() -> bool:
        return any(len(queue.waiting) == count for queue in (await scene.status()).queues)

    await scene.until(enough, f"{count} waiting", SOON_S)


async def state_of(scene: Scene, extension: str) -> str:
    """What the box says an agent does."""
    agents = {agent.extension: agent.state for agent in (await scene.status()).agents}
    return agents[extension]


async def hang_up(scene: Scene, line: ExchangeLine, phone: Telephone) -> None:
    """The caller is done; so is the agent."""
    await line.hang_up("loop-drop")
    await phone.wait_hears("busy", SOON_S)
    await phone.hang_up()


async def _turns_and_rest(scene: Scene) -> None:
    """Two agents: each in turn; a third caller hears music until the first has rested."""
    first, second = scene.phone(2), scene.phone(3)
    lines = [scene.line(number) for number in (1, 2, 3)]
    await side_by_side(*(sign(scene.phone(n), "*46") for n in (4, 5, 6)))
    assert await state_of(scene, "104") == "signed-off"
    await lines[0].call("0500000001")
    await answer(first)
    await in_talk(scene, "FXO1", "FXS2")
    await lines[1].call("0500000002")
    await answer(second)
    await in_talk(scene, "FXO2", "FXS3")
    await lines[2].call("0500000003")
    await lines[2].wait_answered(SOON_S)
    await waiting(scene, 1)
    await asyncio.sleep(2.0)
    assert await lines[2].level_dbm0(1.0) > MUSIC_DBM0, "music while waiting"
    assert not await first.ringing() and not await second.ringing()
    await hang_up(scene, lines[0], first)
    rested_s = await first.wait_ringing(SOON_S)
    assert REST_S - BUSY_HEARD_S < rested_s < REST_S + 2.0, "the rest is kept"
    await first.lift()
    await in_talk(scene, "FXO3", "FXS2")
    await hears(lines[2], first)
    await hang_up(scene, lines[1], second)
    await hang_up(scene, lines[2], first)
    assert await state_of(scene, "103") == "wrap-up"
    record = await record_of(scene, line="FXO3")
    reasons = {offer["extension"]: offer["reason"] for offer in record["offers"]}
    assert record["queue"] == "operators" and reasons["102"] == "answered", record
    assert reasons["104"] == "signed-off", record
    await asyncio.sleep(REST_S)


async def _answer_time_and_signing_on(scene: Scene) -> None:
    """Let it ring: noted, the next agent rings; who signs on is rung at once."""
    lazy, next_one, fresh = scene.phone(3), scene.phone(2), scene.phone(4)
    line, other = scene.line(1), scene.line(2)
    await line.call("0500000004")
    await lazy.wait_ringing(SOON_S)  # the turn goes on from call to call
    passed_s = await next_one.wait_ringing(SOON_S)
    assert ANSWER_S - 1 < passed_s < ANSWER_S + 2
    await next_one.lift()
    await in_talk(scene, "FXO1", "FXS2")
    await lazy.lift()
    await other.call("0500000005")
    await waiting(scene, 1)
    await dial_on(fresh)
    await fresh.wait_ringing(SOON_S)
    await fresh.lift()
    await in_talk(scene, "FXO2", "FXS4")
    await put_down(lazy)
    await hang_up(scene, line, next_one)
    await hang_up(scene, other, fresh)
    record = await record_of(scene, caller="0500000004")
    missed = next(offer for offer in record["offers"] if offer["extension"] == "103")
    assert missed["reason"] == "no-answer" and abs(missed["seconds"] - ANSWER_S) < 1, record


async def dial_on(phone: Telephone) -> None:
    """Sign on and put down at once: a caller waits."""
    await dial(phone, "*45")
    await phone.wait_hears("speech", SOON_S)
    await phone.hang_up()


async def call_centre(scene: Scene) -> None:
    """One after the other: the turn goes on from call to call."""
    await _turns_and_rest(scene)
    await _answer_time_and_signing_on(scene)
