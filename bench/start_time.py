# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the exchange takes to start, and ``tipring check`` to prove an office."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from pathlib import Path

from bench.figures import Figure, figure_of
from bench.sip_message import write
from bench.sip_phone import HOST, open_socket
from board.demo.office import OFFICES
from board.demo.stage import PROJECT, Stage

PART = "start"
PROBE_S = 0.005
MS_PER_S = 1000


async def measure(stage: Stage, count: int) -> list[Figure]:
    """``count`` starts of the exchange on a running media host and card, and checks."""
    answers, ready = [], []
    for _ in range(count):
        await stage.kill_exchange()
        began = time.monotonic()
        starting = asyncio.create_task(stage.start_exchange())
        answers.append((await _first_answer(stage.sip_address) - began) * MS_PER_S)
        await starting
        ready.append((time.monotonic() - began) * MS_PER_S)
    checks = [await _check(OFFICES / "r1.toml") for _ in range(count)]
    return [
        figure_of(PART, "exchange: exec to first SIP answer", "ms", answers, "OPTIONS every 5 ms"),
        figure_of(
            PART, "exchange: exec to all lines in service", "ms", ready, "looked every 50 ms"
        ),
        figure_of(PART, "tipring check, office of 15", "ms", checks, "whole process"),
    ]


async def _first_answer(address: str) -> float:
    """Monotonic second of the first answer to an OPTIONS."""
    host, _, port = address.rpartition(":")
    probe = open_socket()
    own = f"{HOST}:{probe.getsockname()[1]}"
    try:
        async with asyncio.timeout(20.0):
            while True:
                probe.sendto(_options(address, own), (host, int(port)))
                await asyncio.sleep(PROBE_S)
                if _answered(probe):
                    return time.monotonic()
    finally:
        probe.close()


def _answered(probe: object) -> bool:
    try:
        return bool(probe.recv(2048))  # type: ignore[attr-defined]
    except (BlockingIOError, ConnectionRefusedError):
        return False


def _options(address: str, own: str) -> bytes:
    branch = secrets.token_hex(8)
    headers = [
        ("Via", f"SIP/2.0/UDP {own};branch=z9hG4bK{branch};rport"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:probe@{own}>;tag={branch}"),
        ("To", f"<sip:{address}>"),
        ("Call-ID", branch),
        ("CSeq", "1 OPTIONS"),
        ("Contact", f"<sip:probe@{own}>"),
    ]
    return write(f"OPTIONS sip:{address} SIP/2.0", headers)


async def _check(office: Path) -> float:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware", "check", str(office),
        stdout=asyncio.subprocess.DEVNULL, cwd=PROJECT,
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError(f"tipring check refused {office}")
    return (time.monotonic() - began) * MS_PER_S
