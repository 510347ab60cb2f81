# SPDX-License-Identifier: GPL-2.0-or-later
"""A serial port on the event loop, without threads: pyserial opens it and sets it up."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable

import serial

READ_SIZE = 4_096
MAX_UNWRITTEN = 65_536  # bytes; a port that takes nothing for so long is lost


class SerialPort:
    """Open on construction (OSError: it cannot be). ``on_lost`` is called at most once, with a
    reason, for any error or end of file; the port is closed by then. Loop thread only."""

    def __init__(
        self,
        device: str,
        baud: int,
        on_bytes: Callable[[bytes], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._unwritten = bytearray()
        self._serial = serial.Serial(device, baud, timeout=0, exclusive=True)
        self._fd: int = self._serial.fileno()
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self._read)

    def read_waiting(self) -> None:
        """Take what has arrived already; for use before a timeout is believed."""
        if self._fd >= 0:
            poll = select.poll()
            poll.register(self._fd, select.POLLIN)
            if poll.poll(0):
                self._read()

    def _read(self) -> None:
        """The port is ready. A terminal gives no bytes instead of an error when it is not, so
        this is for a ready one only, where no bytes mean that it is gone."""
        try:
            data = os.read(self._fd, READ_SIZE)
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        if data:
            self._on_bytes(data)
        else:
            self._lose("it was unplugged")

    def write(self, data: bytes) -> None:
        """Write without waiting; what does not fit goes later. Nothing when closed."""
        if self._fd < 0 or not data:
            return
        waiting = len(self._unwritten) > 0
        self._unwritten += data
        if waiting:
            if len(self._unwritten) > MAX_UNWRITTEN:
                self._lose("it takes no more bytes")
        elif self._write_some():
            self._loop.add_writer(self._fd, self._write_more)

    def _write_more(self) -> None:
        if not self._write_some() and self._fd >= 0:
            self._loop.remove_writer(self._fd)

    def _write_some(self) -> bool:
        """True when something is left to write."""
        try:
            del self._unwritten[: os.write(self._fd, self._unwritten)]
        except BlockingIOError:
            pass
        except OSError as error:
            self._lose(error.strerror or str(error))
            return False
        return len(self._unwritten) > 0

    def close(self) -> None:
        """Close; may be called again."""
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._fd = -1
        self._serial.close()

    def _lose(self, reason: str) -> None:
        if self._fd >= 0:
            self.close()
            self._on_lost(reason)
