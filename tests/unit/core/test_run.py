# SPDX-License-Identifier: GPL-2.0-or-later
"""`tipring run`: the children's arguments, and that a child that ends is started again."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path

import msgspec
import pytest

from firmware import run
from firmware.control import cli
from firmware.errors import ConfigError
from firmware.routing.loading import table_of
from firmware.routing.table import Table

ROOT = Path(__file__).parents[3]
R1 = ROOT / "board" / "sim" / "offices" / "r1.toml"
GIVEN = (
    *("--data", "/d", "--media-socket", "/m.sock", "--control", "/c.sock"),
    *("--prompts", "/p", "--wall-clock", "2026-05-03T10:00:00"),
)
WITHIN_S = 10.0


def parsed(*words: str) -> argparse.Namespace:
    return cli._parser().parse_args(words)


@pytest.mark.parametrize("given", [GIVEN, ()])
def test_exchange_is_given_what_run_was_given(given: tuple[str, ...]) -> None:
    options = parsed("run", str(R1), *given)
    child = vars(parsed(*run._exchange_arguments(options)))
    assert child == {**vars(options), "command": "firmware.exchange:main"}


def test_media_host_is_given_what_the_office_says() -> None:
    options = parsed("run", str(R1), *GIVEN)
    child = parsed(*run._media_arguments(options, table_of(R1)))
    assert child.socket == Path("/m.sock")
    assert (child.card, child.rtp_host) == ("hw:tipring", "127.0.0.1")


def test_media_host_of_an_office_without_sip_or_card() -> None:
    data = msgspec.structs.replace(table_of(R1).data, sip_listen="", cards=())
    child = parsed(*run._media_arguments(parsed("run", str(R1)), Table(data)))
    assert (child.card, child.rtp_host) == ("", "")


def test_media_host_finds_the_address_of_a_box_that_listens_on_all() -> None:
    data = msgspec.structs.replace(table_of(R1).data, sip_listen="0.0.0.0:5060")
    child = parsed(*run._media_arguments(parsed("run", str(R1)), Table(data)))
    assert child.rtp_host == ""


def test_refused_office_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_run", None)  # calling it would fail otherwise
    broken = ROOT / "tests" / "data" / "broken" / "17-unknown-block.toml"
    with pytest.raises(ConfigError, match="unknown-block"):
        run.main(parsed("run", str(broken)))


# ------------------------------------------------------------------ children


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for Python: each start appends its command to this file, then does as it is named."""
    log = tmp_path / "starts"
    child = tmp_path / "python"
    child.write_text(
        f"""#!/bin/sh
echo "$3 $$" >> {log}
case $3 in
    crashes) exit 7 ;;
    stubborn) trap '' TERM; echo ready >> {log}; while :; do sleep 0.1; done ;;
    *) exec sleep 60 ;;
esac
"""
    )
    child.chmod(0o755)
    log.touch()
    monkeypatch.setattr(run.sys, "executable", str(child))
    monkeypatch.setattr(run, "PAUSES_S", (0.01, 0.02))
    return log


async def _until(log: Path, text: str, times: int = 1) -> None:
    async with asyncio.timeout(WITHIN_S):
        while log.read_text().count(text) < times:
            await asyncio.sleep(0.01)


def _alive(log: Path) -> list[int]:
    """Children that still run."""
    pids = [int(line.split()[1]) for line in log.read_text().splitlines() if " " in line]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


async def test_child_that_ends_is_started_again_and_the_other_goes_on(
    starts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = asyncio.create_task(run._run(["lives"], ["crashes"]))
    await _until(starts, "crashes", 3)
    assert starts.read_text().count("lives") == 1
    assert "tipring crashes ended with 7; again in 0.0 s" in caplog.text
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, WITHIN_S)
    assert _alive(starts) == []


async def test_child_that_does_not_stop_is_killed(
    starts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "STOP_S", 0.2)
    running = asyncio.create_task(run._run(["stubborn"]))
    await _until(starts, "ready")
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(running, WITHIN_S)
    assert _alive(starts) == []


async def test_pauses_grow_and_a_steady_child_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lived_s = iter([1.0, 1.0, 1.0, 100.0, 1.0])
    pauses: list[float] = []
    clock_s = 0.0

    async def run_once(command: object) -> int:
        nonlocal clock_s
        clock_s += next(lived_s)
        return 0

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            raise asyncio.CancelledError

    class Loop:
        def time(self) -> float:
            return clock_s

    monkeypatch.setattr(run, "_run_once", run_once)
    monkeypatch.setattr(run.asyncio, "sleep", sleep)
    monkeypatch.setattr(run.asyncio, "get_running_loop", Loop)
    with pytest.raises(asyncio.CancelledError):
        await run._keep(["media"])
    assert pauses == [0.2, 1.0, 5.0, 0.2, 1.0]
