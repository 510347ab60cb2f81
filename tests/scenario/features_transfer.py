# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold, consult, transfer, pickup and short hang-ups at analog telephones."""

from __future__ import annotations

import asyncio

from board.sim.client import Telephone
from tests.scenario.desk import (
    SOON_S,
    answer,
    consult,
    dial,
    in_talk,
    put_down,
    record_of,
    side_by_side,
)
from tests.scenario.hearing import hears, hears_not, they_talk
from tests.scenario.scene import Scene

CHANGES = {r'^extension = "103"$': 'extension = "103"\nanswer_time_s = 6'}
MUSIC_DBM0 = -45.0


def extension(phone: Telephone) -> str:
    """The number of the person at this telephone."""
    return f"10{phone.name[-1]}"


async def talk(scene: Scene, one: int, other: int) -> tuple[Telephone, Telephone]:
    """One telephone calls another."""
    first, second = scene.phone(one), scene.phone(other)
    await dial(first, extension(second))
    await answer(second)
    await in_talk(scene, first.name, second.name)
    return first, second


async def _consult_and_transfer(scene: Scene) -> None:
    """Held with music; consult, drop the consulted, back; consult again, transfer by hang-up."""
    anna, client = await talk(scene, 1, 2)
    boss = scene.phone(3)
    await consult(anna, "103")
    await answer(boss)
    assert await client.level_dbm0(1.0) > MUSIC_DBM0, "the held party hears music"
    await hears(anna, boss)
    await hears_not(client, anna)
    await anna.flash()
    await boss.wait_hears("busy", SOON_S)
    await put_down(boss)
    await hears(anna, client)
    await consult(anna, "103")
    await answer(boss)
    await asyncio.sleep(0.5)
    await put_down(anna)
    await in_talk(scene, client.name, boss.name)
    await they_talk(client, boss)
    await put_down(client)
    await boss.wait_hears("busy", SOON_S)
    await put_down(boss)
    record = await record_of(scene, caller="101", called="102")
    assert record["talked_with"] == ["102", "103"], record
    assert record["transfers"] == ["101 > 103 (consult)"], record


async def _blind_transfer(scene: Scene) -> None:
    """Hang-up while the consulted one rings: who was held gets him."""
    anna, client = await talk(scene, 4, 5)
    other = scene.phone(6)
    await consult(anna, "106")
    await other.wait_ringing(SOON_S)
    await put_down(anna)
    await client.wait_hears("ringback", SOON_S)
    await answer(other)
    await in_talk(scene, client.name, other.name)
    await they_talk(client, other)
    await put_down(client, other)
    record = await record_of(scene, caller="104", called="105")
    assert record["transfers"] == ["104 > 106 (blind)"], record


async def _transfer_to_a_busy_telephone(scene: Scene) -> None:
    """The one who transferred is called back and has the held party again."""
    busy = scene.phone(7)
    await busy.lift()
    anna, client = await talk(scene, 4, 5)
    await consult(anna, "107")
    await asyncio.sleep(0.5)
    await put_down(anna)
    await answer(anna)
    await in_talk(scene, anna.name, client.name)
    await they_talk(anna, client)
    await put_down(anna)
    await client.wait_hears("busy", SOON_S)
    await put_down(client, busy)


async def _transfer_nobody_answers(scene: Scene) -> None:
    """Blind transfer, no answer: back to the one who transferred."""
    anna, client = await talk(scene, 1, 2)
    away = scene.phone(3)
    await consult(anna, "103")
    await away.wait_ringing(SOON_S)
    await put_down(anna)
    back_s = await anna.wait_ringing(SOON_S)
    assert back_s > 2, "103 rings for 6 s first"
    await anna.lift()
    await in_talk(scene, anna.name, client.name)
    await hears(anna, client)
    await put_down(client)
    await anna.wait_hears("busy", SOON_S)
    await put_down(anna)


async def _flash_and_back(scene: Scene) -> None:
    """A second flash in the dial tone takes the held party back; hang-up there is a recall."""
    anna, client = await talk(scene, 4, 5)
    await anna.flash()
    await anna.wait_hears("dial", SOON_S)
    await anna.flash()
    await they_talk(anna, client)
    await anna.flash()
    await anna.wait_hears("dial", SOON_S)
    await put_down(anna)
    await anna.wait_ringing(SOON_S)
    await put_down(client)
    await anna.wait_not_ringing(SOON_S)


async def _pickup(scene: Scene) -> None:
    """*8 and an extension takes the call that rings there."""
    caller, away, helper = scene.phone(6), scene.phone(7), scene.phone(8)
    await dial(caller, "107")
    await away.wait_ringing(SOON_S)
    await dial(helper, "*8107")
    await in_talk(scene, caller.name, helper.name)
    await hears(helper, caller)
    await away.wait_not_ringing(SOON_S)
    await put_down(caller)
    await helper.wait_hears("busy", SOON_S)
    await put_down(helper)
    record = await record_of(scene, caller="106", called="107")
    assert record["answered_by"] == "108", record


async def _short_hang_up(scene: Scene) -> None:
    """After a call and while it rings, a hang-up shorter than a flash gives a new dial tone."""
    anna, client = await talk(scene, 6, 7)
    other = scene.phone(8)
    await put_down(client)
    await anna.wait_hears("busy", SOON_S)
    await anna.flash(ms=400)
    await anna.wait_hears("dial", SOON_S)
    await anna.dial("108")
    await other.wait_ringing(SOON_S)
    await anna.flash(ms=400)
    await other.wait_not_ringing(SOON_S)
    await anna.wait_hears("dial", SOON_S)
    await anna.dial("107")
    await client.wait_ringing(SOON_S)
    await put_down(anna)


async def transfers(scene: Scene) -> None:
    """Two desks at once, then three."""

    async def blind() -> None:
        await _blind_transfer(scene)
        await _transfer_to_a_busy_telephone(scene)

    async def pickup() -> None:
        await _pickup(scene)
        await _short_hang_up(scene)

    await side_by_side(_consult_and_transfer(scene), blind())
    await side_by_side(_transfer_nobody_answers(scene), _flash_and_back(scene), pickup())
