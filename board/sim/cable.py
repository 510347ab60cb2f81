# SPDX-License-Identifier: GPL-2.0-or-later
"""The serial cable: a pseudo-terminal whose slave the host opens under a name that stays.

Unplugged, the slave is hung up: the host reads nothing or gets an error, and the name is gone.
"""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from pathlib import Path

READ_SIZE = 4096


class Cable:
    """One cable; ``on_data`` gets what the host sends."""

    def __init__(self, path: Path, on_data: Callable[[bytes], object]) -> None:
        self.path = path
        self.to_host_bytes = 0
        self.lost_bytes = 0  # for which no host was reading
        self._on_data = on_data
        self._master = -1
        self._slave = -1

    @property
    def plugged(self) -> bool:
        """Whether the terminal exists."""
        return self._master >= 0

    def plug(self) -> None:
        """Make the terminal and its name."""
        self._master, self._slave = os.openpty()  # our slave: a host that closes hangs nothing up
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def unplug(self) -> None:
        """Hang up the terminal."""
        if not self.plugged:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def write(self, data: bytes) -> None:
        """Bytes from the card; lost when unplugged or nobody reads."""
        try:
            written = os.write(self._master, data) if self.plugged else 0
        except BlockingIOError:
            written = 0
        self.to_host_bytes += written
        self.lost_bytes += len(data) - written

    def _read(self) -> None:
        try:
            data = os.read(self._master, READ_SIZE)
        except BlockingIOError:
            return
        self._on_data(data)
