# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m board.sim --dir DIR``: run the simulated board until SIGTERM or SIGINT.

Prints "ready" when DIR/sim.sock, DIR/ttyCARD1 and DIR/asound.conf can be used.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from board.sim.board import Board
from board.sim.control import ControlSocket
from board.sim.tones import COUNTRIES

SHM_LINK = "card.shm"  # tells the memory's place, so that whoever kills us can remove it
# The card is hardware of its own: the host's programs must not starve it. The least real-time
# priority is enough; the media engine's is above it.
REALTIME_PRIORITY = 1
NICENESS = -10  # where real-time priority is not allowed


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m board.sim", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder for sockets and sound")
    parser.add_argument("--country", choices=sorted(COUNTRIES), default="UA")
    parser.add_argument("--ppm", type=float, default=0.0, help="error of the card's clock")
    parser.add_argument("--no-firmware", action="store_true", help="sound and wires only")
    parser.add_argument(
        "--until-eof", action="store_true", help="end also when standard input ends"
    )
    return parser.parse_args()


def shared_memory_path(run_dir: Path) -> Path:
    """A new file for the stream; in memory where the system has a place for that."""
    folder = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else run_dir
    descriptor, name = tempfile.mkstemp(prefix="tipring-card-", dir=folder)
    os.close(descriptor)
    link = run_dir / SHM_LINK
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    return Path(name)


def take_stdout() -> int:
    """Keep standard output for "ready"; what the firmware prints goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return own


def end_on_errors(ended: asyncio.Event) -> None:
    """A fault of ours ends the board: half a board would look like a fault of the box."""
    loop = asyncio.get_running_loop()

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        ended.set()

    loop.set_exception_handler(report)


def end_with_starter(ended: asyncio.Event) -> None:
    """Whoever started us holds the other end of standard input; killed, it lets go of it."""

    def read() -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            ended.set()

    asyncio.get_running_loop().add_reader(0, read)


async def run(arguments: argparse.Namespace) -> None:
    """Build, start, wait for a signal, stop."""
    stdout = take_stdout()
    run_dir = arguments.dir.absolute()
    (run_dir / "sound").mkdir(parents=True, exist_ok=True)
    board = Board(run_dir, arguments.country, arguments.ppm, shared_memory_path(run_dir))
    control = ControlSocket(run_dir / "sim.sock", board.perform)
    ended = asyncio.Event()
    end_on_errors(ended)
    if arguments.until_eof:
        end_with_starter(ended)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        board.start(firmware=not arguments.no_firmware)
        await control.start()
        gc.freeze()  # what lives as long as the process need not be looked at again and again
        os.write(stdout, b"ready\n")
        os.close(stdout)
        await ended.wait()
    finally:
        await control.stop()
        board.stop()


def raise_priority() -> None:
    """Run ahead of the host's programs; the firmware inherits it."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
    except PermissionError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        except PermissionError:
            print("not allowed a higher priority; sound may come late", file=sys.stderr)


def main() -> None:
    """Entry point."""
    arguments = parse_arguments()
    raise_priority()
    asyncio.run(run(arguments))


if __name__ == "__main__":
    main()
