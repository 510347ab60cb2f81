# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line against a running office, and a rehearsed caller against a real one."""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import groupby
from typing import Any

from board.demo.stage import PROJECT
from tests.scenario.desk import answer, in_talk, put_down, record_of, side_by_side
from tests.scenario.scene import MONDAY, Scene

CALLER = "0501234567"


async def tipring(*arguments: str) -> str:
    """What a command prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=PROJECT,
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode()


async def live(scene: Scene, *arguments: str) -> str:
    """A command that asks the running exchange."""
    return await tipring(*arguments, "--control", str(scene.stage.run_dir / "control.sock"))


async def _commands(scene: Scene) -> None:
    """Status, calls and records in words and as JSON; what-if walks the same blocks."""
    line, phone = scene.line(2), scene.phone(5)
    await line.call(CALLER)
    await line.wait_answered(15)
    await line.dial("105")
    await answer(phone)
    await in_talk(scene, "FXO2", "FXS5")
    status, told, calls, listed = await asyncio.gather(
        live(scene, "status"), live(scene, "status", "--json"),
        live(scene, "calls"), live(scene, "calls", "--json"),
    )  # fmt: skip
    assert "Integrators" in status and f"{CALLER} -> 105" in calls
    assert any(line.split()[:4] == ["FXS5", "fxs", "105", "connected"] for line in lines(status))
    states = {each["line"]: each["state"] for each in json.loads(told)["lines"]}
    assert states["FXO2"] == states["FXS5"] == "connected" and states["FXS6"] == "idle"
    (call,) = (call for call in json.loads(listed) if call["state"] == "talk")
    assert call["caller"] == CALLER and call["called"] == "105"
    await live(scene, "hang-up", call["id"])
    await line.released(5)
    await phone.wait_hears("busy", 10)
    await put_down(phone)
    record = await record_of(scene, line="FXO2")
    assert record["hung_up_by"] == "exchange", record
    assert CALLER in await live(scene, "records", "--limit", "1")
    (newest,) = json.loads(await live(scene, "records", "--json", "--limit", "1"))
    assert newest["call"] == record["call"]
    await same_way(scene, record, "--keys", "105", "--answered-by", "105")


async def same_way(scene: Scene, record: dict[str, Any], *how: str) -> None:
    """The rehearsed caller comes by the blocks in the record."""
    caller = ("--line", record["line"], "--from", CALLER, "--at", MONDAY.isoformat())
    steps = json.loads(await tipring("what-if", str(scene.stage.office), *caller, *how, "--json"))
    blocks = [step["block"] for step in steps if step["block"] != "-"]
    assert without_repeats(blocks) == without_repeats(record["blocks"]), steps


def without_repeats(blocks: list[str]) -> list[str]:
    """A block that takes several steps counts once."""
    return [block for block, _ in groupby(blocks)]


async def _nothing_pressed(scene: Scene) -> None:
    """Nothing pressed: the secretaries, and the same blocks in both."""
    line, phone = scene.line(1), scene.phone(1)
    await line.call(CALLER)
    await phone.wait_ringing(40)
    await phone.lift()
    await in_talk(scene, "FXO1", "FXS1")
    await line.hang_up("busy-tone")
    await line.released(6)
    await phone.wait_hears("busy", 10)
    await put_down(phone)
    record = await record_of(scene, line="FXO1")
    await same_way(scene, record, "--answered-by", "101")


async def commands(scene: Scene) -> None:
    """Two callers at once: one dials an extension, one waits for the secretaries."""
    await side_by_side(_commands(scene), _nothing_pressed(scene))


def lines(text: str) -> list[str]:
    """Of a command's output."""
    return text.splitlines()
