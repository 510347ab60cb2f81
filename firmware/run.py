# SPDX-License-Identifier: GPL-2.0-or-later
"""``tipring run``: the media host and the exchange as children, for a box without systemd.

A child that ends is started again after a growing pause; the other goes on meanwhile, so a
crashed exchange costs no talk.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from firmware.routing.loading import table_of
from firmware.routing.table import Table

PAUSES_S = (0.2, 1.0, 5.0, 15.0)  # before each further start; the last one for ever
STEADY_S = 60.0  # a child that lived so long starts with the shortest pause again
STOP_S = 5.0
EVERY_ADDRESS = ("", "0.0.0.0", "::")

log = logging.getLogger(__name__)


def main(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; a refused office is told before anything starts."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    table = table_of(options.office)
    asyncio.run(_run(_media_arguments(options, table), _exchange_arguments(options)))
    return 0


def _media_arguments(options: argparse.Namespace, table: Table) -> list[str]:
    arguments = ["media", "--socket", str(options.media_socket)]
    host = table.data.sip_listen.rpartition(":")[0]
    if host not in EVERY_ADDRESS:  # else the media host finds the box's own
        arguments += ["--rtp-host", host]
    for card in table.data.cards[:1]:  # the engine opens one sound stream
        arguments += ["--card", card.audio]
    return arguments


def _exchange_arguments(options: argparse.Namespace) -> list[str]:
    arguments = ["exchange", str(options.office), "--data", str(options.data)]
    arguments += ["--media-socket", str(options.media_socket), "--control", str(options.control)]
    if options.prompts is not None:
        arguments += ["--prompts", str(options.prompts)]
    if options.wall_clock is not None:
        arguments += ["--wall-clock", options.wall_clock.isoformat()]
    return arguments


async def _run(*commands: Sequence[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        keepers = [group.create_task(_keep(command)) for command in commands]
        await stop.wait()
        for keeper in keepers:
            keeper.cancel()


async def _keep(command: Sequence[str]) -> None:
    """Run one child for ever."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        status = await _run_once(command)
        failures = 1 if loop.time() - began > STEADY_S else failures + 1
        pause_s = PAUSES_S[min(failures, len(PAUSES_S)) - 1]
        log.error("tipring %s ended with %d; again in %.1f s", command[0], status, pause_s)
        await asyncio.sleep(pause_s)


async def _run_once(command: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware", *command, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
