# SPDX-License-Identifier: GPL-2.0-or-later
"""`tipring tui` as a process of its own on a pseudo-terminal of 80x24."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WITHIN_S = 20.0  # a loaded machine starts Python and Textual in some seconds
QUIET_S = 0.6  # nothing was sent for so long: drawing is done


@dataclass
class Terminal:
    """The person's end of the line."""

    master: int
    slave: int
    process: asyncio.subprocess.Process
    before: list[Any]  # terminal modes before the console
    sent: bytearray = field(default_factory=bytearray)

    def take(self) -> None:
        """Bytes have come from the console."""
        try:
            self.sent += os.read(self.master, 65536)
        except OSError:
            asyncio.get_running_loop().remove_reader(self.master)

    async def until(self, holds: Callable[[bytes], bool]) -> None:
        """Wait for what was sent."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(self.sent):
                await asyncio.sleep(0.02)

    async def sees(self, text: str) -> None:
        """Wait for a text."""
        try:
            await self.until(lambda sent: text.encode() in sent)
        except TimeoutError:
            raise AssertionError(f"not seen: {text} in {bytes(self.sent)!r}") from None

    async def quiet(self) -> int:
        """Bytes sent since :meth:`forget`, when no more come."""
        count = -1
        while count != len(self.sent):
            count = len(self.sent)
            await asyncio.sleep(QUIET_S)
        return count

    def forget(self) -> None:
        """Count from here."""
        self.sent.clear()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    @property
    def modes(self) -> list[Any]:
        """Terminal modes now."""
        return termios.tcgetattr(self.slave)

    async def ended(self) -> int:
        """Exit status of the console."""
        return await asyncio.wait_for(self.process.wait(), WITHIN_S)


@asynccontextmanager
async def terminal(control: Path) -> AsyncIterator[Terminal]:
    """A console that was started and is ended with the context."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(slave)
    process = await _start(control, slave)
    desk = Terminal(master, slave, process, before)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, desk.take)
    try:
        yield desk
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        loop.remove_reader(master)
        for fd in {desk.master, slave} - {-1}:
            os.close(fd)


async def _start(control: Path, slave: int) -> asyncio.subprocess.Process:
    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    kept = {key: value for key, value in os.environ.items() if key not in ("COLORTERM", "COLUMNS")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware", "tui", "--control", str(control)),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**kept, "TERM": "vt220", "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=own_terminal,
    )
