# SPDX-License-Identifier: GPL-2.0-or-later
"""The console at 80x24 on a real control server, driven by keys."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from firmware.control.server import ControlServer
from firmware.values import CallId
from tests.fakes.box import Box, alarm, call, line, office
from tui.app import Console
from tui.dashboard import Row, Rows
from tui.keymap import KEYS

WITHIN_S = 5.0
NEVER = ("ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+z")


@dataclass
class Desk:
    """A console, the keys under somebody's fingers, and the box behind."""

    pilot: Pilot[None]
    box: Box

    @property
    def screen(self) -> list[str]:
        """The 24 rows as they are shown."""
        width, height = self.pilot.app.size
        drawn = self.pilot.app.screen._compositor.render_strips()
        assert (width, height, len(drawn)) == (80, 24, 24)
        return [strip.text.rstrip() for strip in drawn]

    def row(self, start: str) -> str:
        """The row that begins with a word, "" if it is not shown."""
        return next((row for row in self.screen if row.lstrip().startswith(start)), "")

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for what the screen shall show."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not holds():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            pytest.fail(f"not seen: {what}\n" + "\n".join(self.screen))

    async def sees(self, text: str) -> None:
        """Wait for a text anywhere on the screen."""
        await self.until(lambda: any(text in row for row in self.screen), text)


@pytest.fixture
def socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tipring-tui-") as folder:  # short: sun_path is 108
        yield Path(folder) / "control.sock"


@asynccontextmanager
async def _desk(socket: Path, box: Box, tick_s: float = 60.0) -> AsyncIterator[Desk]:
    console = Console(socket, tick_s=tick_s, again_s=0.05)
    async with ControlServer(box).serve(socket), console.run_test(size=(80, 24)) as pilot:
        desk = Desk(pilot, box)
        await desk.until(lambda: bool(desk.row("CALLS") and desk.row("> ")), "the first status")
        yield desk


async def test_first_page_shows_lines_calls_queues_and_people(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        assert "ALARMS" not in desk.screen[0]
        assert "Mon 14:02" in desk.screen[0]
        assert desk.row("FXS1").split() == ["FXS1", "fxs", "connected", "101", "102", "00:12"]
        assert desk.row("FXS2").split() == ["FXS2", "fxs", "connected", "102", "101", "00:12"]
        assert desk.row("FXS8").split() == ["FXS8", "fxs", "idle", "108"]
        assert desk.row(">").split() == [">", "101", "102", "talk", "00:12"]
        assert desk.row("CALLS") == " CALLS 1   QUEUES 2: sales 1 waiting (00:35)"
        await desk.sees(" PEOPLE 2 busy  1 free   VOICEMAIL 3 new")
        assert "d:Hang up" in desk.screen[-1]


async def test_line_out_of_service_says_why(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        assert "NO SERVICE" in desk.row("FXO4")
        assert desk.row("FXO4").endswith("no battery: is the cable in?")


async def test_twelve_lines_fit_and_the_rest_is_scrolled_to(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        shown = [row.split()[0] for row in desk.screen if row.startswith((" FXS", " FXO"))]
        assert len(shown) == 12
        assert desk.row("sip:116") == ""
        for _ in range(2):
            await desk.pilot.press("space")
        await desk.until(lambda: desk.row("sip:116") != "", "the last line")
        for _ in range(2):
            await desk.pilot.press("pageup")
        await desk.until(lambda: desk.row("FXS1") != "", "the first line")


async def test_change_is_shown(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        desk.box.change_line("FXS3", state="ringing")
        await desk.until(lambda: "ringing" in desk.row("FXS3"), "FXS3 ringing")


async def test_calls_come_and_go(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        first = desk.box.now.calls[0]
        desk.box.change(calls=(first, call("c2", "0501234567", "", scheme="main", block="menu")))
        await desk.sees("0501234567")
        assert desk.row("0501234567").split() == ["0501234567", "main", "talk", "menu", "00:12"]
        desk.box.change(calls=())
        await desk.until(lambda: desk.row("0501234567") == "", "the call gone")
        await desk.until(lambda: desk.row(">") == "", "no mark")


async def test_ringing_call_says_how_many_ring(socket: Path) -> None:
    ringing = call("c2", "", "", scheme="main", state="queue", ringing=("101", "102", "103"))
    async with _desk(socket, Box()) as desk:
        desk.box.change(calls=(ringing,))
        await desk.sees("rings 3")
        assert desk.row(">").split()[:3] == [">", "unknown", "main"]


async def test_hang_up_asks_first(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        await desk.pilot.press("d")
        await desk.sees("d again hangs up 101")
        assert desk.box.hung_up == []
        await desk.pilot.press("d")
        await desk.until(lambda: bool(desk.box.hung_up), "the order at the box")
        assert desk.box.hung_up == [CallId("20261026T100000.000-1")]
        await desk.sees("Hung up.")


async def test_hang_up_takes_the_marked_call(socket: Path) -> None:
    calls = tuple(call(f"c{n}", f"20{n}", "101") for n in range(1, 7))
    async with _desk(socket, Box()) as desk:
        desk.box.change(calls=calls)
        await desk.sees("> 201")
        await desk.pilot.press("down", "j", "down", "down", "down", "down")
        await desk.sees("> 206")
        await desk.pilot.press("k", "d", "d")
        await desk.until(lambda: bool(desk.box.hung_up), "the order at the box")
        assert desk.box.hung_up == [CallId("c5")]


async def test_mark_stays_with_its_call(socket: Path) -> None:
    calls = tuple(call(f"c{n}", f"20{n}", "101") for n in range(1, 4))
    async with _desk(socket, Box()) as desk:
        desk.box.change(calls=calls)
        await desk.sees("203")
        await desk.pilot.press("down", "down")
        await desk.sees("> 203")
        desk.box.change(calls=calls[1:])
        await desk.until(lambda: not desk.row("201"), "the first call gone")
        await desk.sees("> 203")


async def test_escape_or_another_mark_keeps_the_call(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        for key in ("escape", "up"):
            await desk.pilot.press("d")
            await desk.sees("d again")
            await desk.pilot.press(key)
            await desk.until(lambda: not desk.row("d again"), "the question gone")
        assert desk.box.hung_up == []


async def test_call_that_ends_while_asked_is_said(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        await desk.pilot.press("d")
        desk.box.change(calls=())
        await desk.sees("The call is over.")
        await desk.pilot.press("d")
        await desk.sees("There is no call to hang up.")


async def test_alarms_are_counted_and_the_newest_shown(socket: Path) -> None:
    alarms = tuple(alarm(f"a{n}", f"Alarm number {n}.", n) for n in range(1, 5))
    async with _desk(socket, Box()) as desk:
        desk.box.change(alarms=alarms[:2], media_up=False)
        await desk.sees("ALARMS 2")
        await desk.sees(" 14:02 Alarm number 2.")
        await desk.sees("MEDIA HOST AWAY")
        desk.box.change(alarms=alarms)
        await desk.sees("and 3 more: tipring status")
        desk.box.change(alarms=())
        await desk.sees("no alarms")


async def test_pause_holds_the_page_and_goes_on(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        await desk.pilot.press("p")
        await desk.sees("PAUSED")
        desk.box.change_line("FXS5", state="off hook")
        await desk.pilot.pause(0.4)
        assert "idle" in desk.row("FXS5")
        await desk.pilot.press("p")
        await desk.until(lambda: "off hook" in desk.row("FXS5"), "FXS5 off hook")


async def test_times_run_without_news(socket: Path) -> None:
    async with _desk(socket, Box(), tick_s=0.1) as desk:
        await desk.until(lambda: desk.row("FXS1").endswith("00:13"), "a second more")


async def test_help_covers_the_page_and_leaves_it(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        await desk.pilot.press("question_mark")
        await desk.sees("hang up the marked call (asks first)")
        assert not desk.row("FXS1")
        await desk.pilot.press("escape")
        await desk.until(lambda: desk.row("FXS1") != "", "the page")
        assert desk.pilot.app.is_running


@pytest.mark.parametrize("key", ["q", "escape", "ctrl+c"])
async def test_leaves(socket: Path, key: str) -> None:
    async with _desk(socket, Box()) as desk:
        await desk.pilot.press(key)
        await desk.pilot.pause()
        assert desk.pilot.app._exit


async def test_refresh_draws_every_row_again(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        before = desk.screen
        await desk.pilot.press("r")
        await desk.pilot.pause()
        assert desk.screen == before


async def test_exchange_away_and_back(socket: Path) -> None:
    box = Box()
    async with Console(socket, again_s=0.05).run_test(size=(80, 24)) as pilot:
        desk = Desk(pilot, box)
        await desk.sees("NO EXCHANGE: No such file or directory")
        async with ControlServer(box).serve(socket):
            await desk.sees("Shop of fifteen")
            await desk.until(lambda: not desk.row("NO EXCHANGE"), "the message gone")
        await desk.sees("NO EXCHANGE, what you see is old: ")
        await pilot.press("d", "d")
        box.change_line("FXS4", state="ringing")
        async with ControlServer(box).serve(socket):
            await desk.until(lambda: "ringing" in desk.row("FXS4"), "FXS4 after the restart")


async def test_refused_hang_up_is_said(socket: Path) -> None:
    box = Box()
    box.hang_up = _fail  # type: ignore[method-assign]
    async with _desk(socket, box) as desk:
        await desk.pilot.press("d", "d")
        await desk.sees("The call was not hung up: The exchange refused")


def _fail(call: CallId) -> None:
    raise RuntimeError(call)


async def test_display_name_cannot_command_the_terminal(socket: Path) -> None:
    evil = call("c9", "5\x1b[2J", "", caller_name="\x1b]0;x\x07 Ann\u202e[red]")
    async with _desk(socket, Box()) as desk:
        desk.box.change(calls=(evil,), lines=(line("FXO1", "connected", call=CallId("c9")),))
        await desk.sees("5?[2J")
        text = "\n".join(desk.screen)
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text


async def test_empty_box(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        desk.box.change(lines=(), calls=(), queues=(), agents=(), office="Nobody")
        await desk.sees("PEOPLE none")
        await desk.sees(" CALLS 0   QUEUES 0: nobody waits")
        await desk.pilot.press("down", "space", "d")
        await desk.sees("There is no call to hang up.")


async def test_only_the_changed_row_is_drawn_again(socket: Path) -> None:
    async with _desk(socket, Box()) as desk:
        rows = desk.pilot.app.query_one("#lines", Rows).rows
        updated: list[str] = []
        for key, row in rows.items():
            _spy(row, key, updated)
        desk.box.change_line("FXS6", state="off hook")
        await desk.until(lambda: "off hook" in desk.row("FXS6"), "FXS6 off hook")
        assert updated == ["FXS6"]


def _spy(row: Row, key: str, updated: list[str]) -> None:
    before = row.update

    def update(*arguments: object, **more: object) -> None:
        updated.append(key)
        before(*arguments, **more)

    row.update = update  # type: ignore[method-assign]


def test_keys_that_the_link_needs_stay_free() -> None:
    bound = {key for _, binding in Console(Path("x"))._bindings for key in [binding.key]}
    assert bound == {name for key in KEYS for name in key.keys.split(",")}
    assert not bound & set(NEVER)
    assert not any(name.startswith(("alt+", "shift+")) for name in bound)


def test_every_row_fits_the_screen() -> None:
    from tui import rows

    status = office()
    texts = [*rows.line_rows(status).values(), *rows.call_rows(status, 0).values()]
    texts += [rows.title(status, True), rows.LINE_HEAD, rows.CALL_HEAD, rows.queue_row(status)]
    assert max(map(len, texts)) <= 80
