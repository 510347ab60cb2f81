# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts the line card's firmware on MicroPython's Unix port, its pins on a socket."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[3]
MICROPYTHON = ROOT / "build/micropython/micropython"
FIRMWARE = ROOT / "board/linecard"


def start_firmware(
    uart_fd: int, pins_fd: int, *, serial: str = "SIM0001", stderr: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start the card. The descriptors are the card's ends; close yours after the call.

    FileNotFoundError when MicroPython is not built (make micropython).
    """
    for fd in (uart_fd, pins_fd):
        os.set_blocking(fd, False)  # MicroPython has no way to do it
    environment = {
        "MICROPYPATH": f"{ROOT / 'board/sim/machine'}:{FIRMWARE}:{ROOT}",
        "TIPRING_UART_FD": str(uart_fd),
        "TIPRING_PINS_FD": str(pins_fd),
        "TIPRING_CARD_SERIAL": serial,
    }
    return subprocess.Popen(
        [str(MICROPYTHON), str(FIRMWARE / "main.py")],
        pass_fds=(uart_fd, pins_fd),
        stdin=subprocess.DEVNULL,
        stderr=stderr,
        env=environment,
    )
