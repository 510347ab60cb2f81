# SPDX-License-Identifier: GPL-2.0-or-later
"""The real `tipring tui` on a pseudo-terminal: what it sends, and how it leaves the terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware.control.server import ControlServer
from tests.fakes.box import Box, call
from tests.tui.terminal import Terminal, terminal

FIRST_PAINT_BYTES = 16_000  # 1.4 s at 115,200 baud; measured 11,905, or 13,532 when the first
# status comes after the page was painted empty
PAGE_BYTES = 6_000  # 0.5 s; measured 4,908 for the help, 2,100 for a call that begins
ONE_ROW_BYTES = 300  # measured 113
MOUSE = (b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?1003h", b"\x1b[?1006h")


@asynccontextmanager
async def _started() -> AsyncIterator[tuple[Terminal, Box]]:
    box = Box()
    box.change(calls=(), queues=())  # no running times
    with tempfile.TemporaryDirectory(prefix="tipring-tui-") as folder:
        path = Path(folder) / "control.sock"
        async with ControlServer(box).serve(path), terminal(path) as desk:
            await desk.sees("FXO3")
            yield desk, box


def _left_clean(desk: Terminal) -> None:
    assert desk.modes == desk.before
    end = bytes(desk.sent)[-200:]
    assert b"\x1b[?1049l" in end and b"\x1b[?25h" in end and b"\x1b[?2004l" in end


async def test_shows_rows_and_q_leaves_a_clean_terminal() -> None:
    async with _started() as (desk, _):
        await desk.sees("Shop of fifteen")
        await desk.sees("q:Quit")
        assert desk.modes != desk.before
        desk.press("q")
        assert await desk.ended() == 0
        await desk.quiet()
        _left_clean(desk)


async def test_sends_few_bytes() -> None:
    async with _started() as (desk, box):
        first = await desk.quiet()
        assert first < FIRST_PAINT_BYTES
        assert not any(mode in desk.sent for mode in MOUSE)
        assert b"38;2;" not in desk.sent and b"48;2;" not in desk.sent  # true colour
        desk.forget()
        box.change_line("FXS3", state="ringing")
        await desk.sees("ringing")
        assert await desk.quiet() < ONE_ROW_BYTES
        desk.forget()
        box.change_line("FXS3", state="ringing")
        assert await desk.quiet() == 0  # nothing new, nothing sent
        desk.forget()
        box.change(calls=(call("c1", "101", "102"),))
        await desk.sees("talk")
        assert await desk.quiet() < PAGE_BYTES
        desk.forget()
        desk.press("?")
        await desk.sees("mark the call above")
        assert await desk.quiet() < PAGE_BYTES


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
async def test_signal_leaves_a_clean_terminal(number: signal.Signals) -> None:
    async with _started() as (desk, _):
        await desk.quiet()
        desk.process.send_signal(number)
        assert await desk.ended() == 0
        await desk.quiet()
        _left_clean(desk)


async def test_ends_when_the_line_is_cut() -> None:
    async with _started() as (desk, _):
        await desk.quiet()
        asyncio.get_running_loop().remove_reader(desk.master)
        os.close(desk.master)
        desk.master = -1
        await desk.ended()


async def test_without_a_terminal_says_what_to_do(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware"),
        *("tui", "--control", str(tmp_path / "none")),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 2 and out == b""
    assert err == b"The console needs a terminal; without one, ask `tipring status`.\n"
