# SPDX-License-Identifier: GPL-2.0-or-later
"""The card itself: its firmware under MicroPython, its pins and its serial port.

The pins' socket carries text lines: from the firmware ``o PIN VALUE`` (output) and ``d PIN in|out``
(direction, at its start), from us ``i PIN VALUE``. A firmware that ends by itself is started again
after the reset time of the chip, as its watchdog would do. All in the board's loop.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable

from board.sim.machine.start import start_firmware

READ_SIZE = 4096
RESET_S = 0.5
END_S = 2.0


class Card:
    """One microcontroller; ``start`` powers it, ``stop`` takes the power away."""

    def __init__(
        self,
        on_output: Callable[[int, int], None],
        on_serial: Callable[[bytes], None],
        on_dark: Callable[[], None],
    ) -> None:
        self.starts = 0
        self._on_output = on_output
        self._on_serial = on_serial
        self._on_dark = on_dark
        self._inputs: dict[int, int] = {}
        self._partial = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._pins: socket.socket | None = None
        self._serial: socket.socket | None = None
        self._restart: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether it has power."""
        return self._process is not None

    def start(self) -> None:
        """Power on."""
        self._serial, serial_end = socket.socketpair()
        self._pins, pins_end = socket.socketpair()
        with serial_end, pins_end:
            self._process = start_firmware(
                serial_end.fileno(), pins_end.fileno(), stderr=sys.stderr.buffer
            )
        self.starts += 1
        self._partial = b""
        loop = asyncio.get_running_loop()
        for end, reader in ((self._serial, self._read_serial), (self._pins, self._read_pins)):
            end.setblocking(False)
            loop.add_reader(end, reader)

    def stop(self) -> None:
        """Power off; the pins fall back."""
        if self._restart:
            self._restart.cancel()
            self._restart = None
        loop = asyncio.get_running_loop()
        for end in (self._serial, self._pins):
            if end:
                loop.remove_reader(end)
                end.close()
        self._serial = self._pins = None
        if self._process:
            self._process.kill()
            self._process.wait(END_S)
            self._process = None
            self._on_dark()

    def _ended(self) -> None:
        """The firmware ended by itself: the watchdog starts it again."""
        print("the card's firmware ended; its watchdog starts it again", file=sys.stderr)
        self.stop()
        self._restart = asyncio.get_running_loop().call_later(RESET_S, self.start)

    # ------------------------------------------------------------------ pins

    def set_input(self, pin: int, value: int) -> None:
        """Put a level on an input pin."""
        if self._inputs.get(pin) != value:
            self._inputs[pin] = value
            self._tell_input(pin)

    def _tell_input(self, pin: int) -> None:
        if self._pins:
            try:
                self._pins.send(b"i %d %d\n" % (pin, self._inputs.get(pin, 0)))
            except OSError as error:  # full or gone: the reader sees its end
                print(f"pin {pin} did not reach the card: {error}", file=sys.stderr)

    def _read_pins(self) -> None:
        data = self._read(self._pins)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._take_line(line.split())
        if not data:
            self._ended()

    def _take_line(self, words: list[bytes]) -> None:
        if len(words) != 3:
            return
        pin = int(words[1])
        if words[0] == b"o":
            self._on_output(pin, int(words[2]))
        elif words[0] == b"d" and words[2] == b"in":
            self._tell_input(pin)

    # ------------------------------------------------------------------ serial port

    def write_serial(self, data: bytes) -> int:
        """Bytes from the host; what the port cannot take is lost, as on a wire."""
        if not self._serial:
            return 0
        try:
            return self._serial.send(data)
        except OSError:  # full or gone
            return 0

    def _read_serial(self) -> None:
        data = self._read(self._serial)
        if data:
            self._on_serial(data)
        elif self._serial:  # the pins' socket ends as well and does the rest
            asyncio.get_running_loop().remove_reader(self._serial)

    @staticmethod
    def _read(end: socket.socket | None) -> bytes:
        try:
            return end.recv(READ_SIZE) if end else b""
        except ConnectionError:
            return b""
