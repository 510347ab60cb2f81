# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that can be filled and freed: a small tmpfs, or where that may not be mounted, limits."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from board.demo.stage import Stage

SIZE_KIB = 1024
BLOCK = bytes(4096)
# of any file: less than a page of SQLite's with its header; a good second of a recording
LIMITS_BYTES = {"exchange": 4096, "media": 20_000}
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class SmallDisk:
    """The exchange's data directory."""

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder = folder
        self._mounted = mounted
        self._filler = folder / "filler"

    @classmethod
    @asynccontextmanager
    async def at(cls, folder: Path) -> AsyncIterator[SmallDisk]:
        """Mount it at a new folder, or use the limits of the processes instead."""
        folder.mkdir(parents=True)
        options = f"size={SIZE_KIB}k"
        mounted = await _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
        try:
            yield cls(folder, mounted)
        finally:
            if mounted:
                await _run("umount", "-l", str(folder))

    def fill(self, stage: Stage) -> None:
        """Leave no room for anything."""
        if not self._mounted:
            self._limit(stage)
            return
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            while True:
                filler.write(BLOCK)

    def _limit(self, stage: Stage) -> None:
        for name, size in LIMITS_BYTES.items():
            resource.prlimit(stage.pid(name), resource.RLIMIT_FSIZE, (size, NO_LIMIT[1]))

    def free(self, stage: Stage) -> None:
        """There is room again."""
        self._filler.unlink(missing_ok=True)
        if not self._mounted:
            for name in ("exchange", "media"):
                resource.prlimit(stage.pid(name), resource.RLIMIT_FSIZE, NO_LIMIT)


async def _run(*command: str) -> bool:
    """Whether the command did it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return False
    return await process.wait() == 0
