# SPDX-License-Identifier: GPL-2.0-or-later
"""`tipring status`, `calls`, `records` and `hang-up` against a box that answers."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.control import cli
from firmware.control.protocol import decode_status
from firmware.control.server import ControlServer
from firmware.control.text import clock, printable
from firmware.values import CallId
from tests.fakes.box import Box, alarm, call


async def tell(box: Box, *words: str) -> int:
    """Run a command in a thread of its own, as it brings its own loop."""
    with tempfile.TemporaryDirectory(prefix="tipring-live-") as folder:
        path = Path(folder) / "control.sock"
        async with ControlServer(box).serve(path):
            return await asyncio.to_thread(cli.main, [*words, "--control", str(path)])


async def test_status_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    box.change(alarms=(alarm("x", "Card card1 is silent."),), media_up=False)
    assert await tell(box, "status") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Shop of fifteen  tipring 0.1.0  table 0123456789ab  Mon 14:02:11"
    assert out[1] == "media host: DOWN"
    assert "FXS1       fxs       101    connected" in out
    assert "FXO4       fxo              out of service  no battery: is the cable in?" in out
    assert "queue sales: 1 waiting (35 s), ring-all" in out
    assert out[-1] == "ALARM since 14:00:11: Card card1 is silent."


async def test_status_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    assert await tell(box, "status", "--json") == 0
    assert decode_status(capsys.readouterr().out.encode()) == box.now


async def test_calls_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    ring = call("c2", "", "", scheme="main", block="hello", state="queue", ringing=("101", "102"))
    box.change(calls=(box.now.calls[0], ring))
    assert await tell(box, "calls") == 0
    assert capsys.readouterr().out.splitlines() == [
        "call 20261026T100000.000-1: 101 -> 102, talk  12 s",
        "call c2: unknown -> main, queue hello 12 s rings 101,102",
    ]


async def test_no_calls(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    box.change(calls=())
    assert await tell(box, "calls") == 0
    assert capsys.readouterr().out == "no calls\n"
    assert await tell(box, "calls", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


async def test_records(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    talk = {"answered": True, "answered_by": "102", "wait_s": 4.2, "talk_s": 61.0}
    left = {"mailbox": "101", "message_s": 19.6, "called": "0445550101", "direction": "in"}
    began = "2026-10-26T10:00:05.123+02:00"
    box.kept = [
        {"began": began, "direction": "internal", "caller": "101", "called": "102", **talk},
        {"began": began, "caller": "05\x1b[2J", **left, "hung_up_by": "caller"},
        {"wait_s": 30.0},
    ]
    assert await tell(box, "records", "--limit", "7") == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-10-26 10:00:05  internal  101 > 102  102 answered after 00:04, talk 01:01",
        "2026-10-26 10:00:05  in        05?[2J > 0445550101  message of 20 s for 101"
        ", ended by caller",
        "?            unknown > -  not answered in 00:30",
    ]
    assert await tell(box, "records", "--json") == 0
    assert json.loads(capsys.readouterr().out) == box.kept
    assert box.asked == [7, 20]
    box.kept = []
    assert await tell(box, "records") == 0
    assert capsys.readouterr().out == "no records\n"


async def test_hang_up() -> None:
    box = Box()
    assert await tell(box, "hang-up", "20261026T100000.000-1") == 0
    assert box.hung_up == [CallId("20261026T100000.000-1")]


async def test_caller_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    evil = replace(box.now.calls[0], caller="\x1b]0;owned\x07")
    box.change(calls=(evil,))
    assert await tell(box, "status") == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Олена Ївга", "Олена Ївга"),
        ("a\tb\nc\r\x00", "a?b?c??"),
        ("\x9b31m", "?31m"),  # CSI in one character
        ("\u202eabc", "?abc"),  # right-to-left override
        ("e\u0301", "e?"),  # a mark that takes no column
        ("\u6f22", "?"),  # takes two columns
        ("x" * 500, "x" * 200),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "00:00"),
        (0.9, "00:00"),
        (61, "01:01"),
        (3599, "59:59"),
        (3600, "1h00m"),
        (7325, "2h02m"),
    ],
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
