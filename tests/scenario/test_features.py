# SPDX-License-Identifier: GPL-2.0-or-later
"""Calling features of offices at work, several offices side by side to save time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from tests.scenario import features_office, features_queue, features_transfer
from tests.scenario.desk import office, side_by_side
from tests.scenario.features_commands import commands
from tests.scenario.scene import Scene

Play = Callable[[Scene], Awaitable[None]]


async def played(folder: Path, name: str, play: Play, changes: Mapping[str, str]) -> None:
    """One office, from its start to its rest."""
    async with office(folder / play.__name__, name, changes=changes) as scene:
        await play(scene)


async def test_transfers_call_centre_commands(tmp_path: Path) -> None:
    """Transfers in one office, a queue in another, the command line in a third."""
    await side_by_side(
        played(tmp_path, "r1", features_transfer.transfers, features_transfer.CHANGES),
        played(tmp_path, "r2", commands, {}),
        played(tmp_path, "r3", features_queue.call_centre, features_queue.CHANGES),
    )


async def test_mailbox_forwards_lines(tmp_path: Path) -> None:
    """What one office does in two minutes, in two offices at once."""
    changes = features_office.CHANGES
    await side_by_side(
        played(tmp_path, "r1", features_office.mailbox_forwards_keys, changes),
        played(tmp_path, "r1", features_office.glare_callers_forward, changes),
    )
