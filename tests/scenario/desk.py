# SPDX-License-Identifier: GPL-2.0-or-later
"""What people do at their desks in feature scenarios, and several desks at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from board.demo.stage import Stage
from board.sim.client import ExchangeLine, Telephone
from tests.scenario.scene import MONDAY, Scene

SOON_S = 15.0  # what takes a second or two on an idle machine
HANDSET_DOWN_S = 1.0  # shorter is a flash


@asynccontextmanager
async def office(
    folder: Path, name: str, country: str = "UA", changes: Mapping[str, str] | None = None
) -> AsyncIterator[Scene]:
    """An office of its own on Monday morning; looked over at the end as every scene is."""
    async with Stage.open(folder, name, MONDAY, country, changes) as stage:
        scene = await Scene.at_rest(stage)
        try:
            yield scene
        except Exception as error:
            error.add_note(f"in office {name}, {country}")
            raise
        finally:
            await scene.clear()
        await scene.check()


async def side_by_side(*lanes: Coroutine[Any, Any, None]) -> None:
    """Play several scenarios with different telephones at once; all are played to their end."""
    results = await asyncio.gather(*lanes, return_exceptions=True)
    if errors := [result for result in results if isinstance(result, Exception)]:
        raise ExceptionGroup("scenarios side by side", errors) if len(errors) > 1 else errors[0]


async def dial(phone: Telephone, number: str) -> None:
    """Lift the handset, wait for dial tone, dial."""
    await phone.lift()
    await phone.wait_hears("dial", SOON_S)
    await phone.dial(number)


async def answer(phone: Telephone) -> None:
    """Lift the handset once it rings."""
    await phone.wait_ringing(SOON_S)
    await phone.lift()


async def put_down(*phones: Telephone) -> None:
    """Handsets down, for longer than a flash."""
    for phone in phones:
        await phone.hang_up()
    await asyncio.sleep(HANDSET_DOWN_S)


async def consult(phone: Telephone, number: str) -> None:
    """Flash and dial a second number."""
    await phone.flash()
    await phone.wait_hears("dial", SOON_S)
    await phone.dial(number)


async def number_sent(line: ExchangeLine, number: str) -> None:
    """Wait until our side has dialled this number and listens for what comes of it."""
    await line.wait_seized(2 * SOON_S)  # forgets the number dialled before
    await line.wait_dialled(number, SOON_S)
    await asyncio.sleep(0.5)


async def in_talk(scene: Scene, *lines: str) -> None:
    """Wait until these lines, and no others, are the parties of a talk."""

    async def talking() -> bool:
        calls = (await scene.status()).calls
        return any(call.state == "talk" and {*call.lines} == {*lines} for call in calls)

    await scene.until(talking, f"talk of {' and '.join(lines)}", SOON_S)


async def record_of(scene: Scene, **wanted: str) -> dict[str, Any]:
    """The first record of this test with these values."""

    async def found() -> dict[str, Any] | None:
        fits = [r for r in await scene.records(0) if wanted.items() <= r.items()]
        return fits[0] if fits else None

    record: dict[str, Any] = await scene.until(found, f"a record with {wanted}", SOON_S)
    return record
