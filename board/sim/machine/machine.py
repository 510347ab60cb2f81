# SPDX-License-Identifier: GPL-2.0-or-later
"""MicroPython's `machine` module for the simulated board; docs/linecard.md has the pins' protocol.

Only what the card's firmware uses. Both descriptors are set non-blocking by whoever starts us.
"""

import os
import sys

_UART_FD = int(os.getenv("TIPRING_UART_FD") or 3)
_PINS_FD = int(os.getenv("TIPRING_PINS_FD") or 4)
_READ_SIZE = 512


class _Bench:
    """The stream of pin changes, shared by all pins."""

    def __init__(self, fd):
        self._stream = open(fd, "r+b")  # noqa: SIM115  (open as long as the card runs)
        self._partial = b""
        self._pins = {}

    def add(self, pin):
        self._pins[pin.number] = pin

    def tell(self, line):
        """Write one line; a simulator that is gone or stuck ends the firmware."""
        try:
            if self._stream.write(line) != len(line):
                sys.exit(1)
        except OSError:  # the simulator ended first
            sys.exit(0)

    def poll(self):
        """Take in the changes that arrived; called once in each pass of the firmware."""
        try:
            data = self._stream.read(_READ_SIZE)
        except OSError:  # reset: the simulator left lines unread
            sys.exit(0)
        if data is None:
            return
        if not data:
            sys.exit(0)
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            self._take(line.split())

    def _take(self, words):
        if len(words) == 3 and words[0] == b"i" and int(words[1]) in self._pins:
            self._pins[int(words[1])].changes.append(int(words[2]))


_bench = _Bench(_PINS_FD)


class Pin:
    """A GPIO pin."""

    IN = 0
    OUT = 1

    def __init__(self, number, mode, value=0):
        self.number = number
        self.changes = []  # inputs: values that came in and were not read yet, oldest first
        self._value = value
        _bench.add(self)
        _bench.tell(b"d %d %s\n" % (number, b"out" if mode == Pin.OUT else b"in"))
        if mode == Pin.OUT:
            self._tell()

    def _tell(self):
        _bench.tell(b"o %d %d\n" % (self.number, self._value))

    def value(self, value=None):
        """Read the pin, one change at a time, or set it."""
        if value is None:
            if self.changes:
                self._value = self.changes.pop(0)
            return self._value
        if value != self._value:
            self._value = value
            self._tell()
        return None


class UART:
    """A serial port whose other end is the simulator's."""

    def __init__(self, number, baudrate, tx=None, rx=None, rxbuf=0, txbuf=0):
        self._stream = open(_UART_FD, "r+b")  # noqa: SIM115  (open as long as the card runs)

    def readinto(self, buffer):
        """Bytes read, None when there are none. Takes the pins' changes in as well."""
        _bench.poll()
        try:
            return self._stream.readinto(buffer)
        except OSError:  # nobody at the other end: a serial port does not notice
            return None

    def write(self, data):
        """Bytes written, None when none could be; into the void when nobody is there."""
        try:
            return self._stream.write(data)
        except OSError:
            return len(data)


class WDT:
    """The chip's watchdog. The simulated card ends with its pins' stream instead."""

    def __init__(self, timeout):
        self.timeout = timeout

    def feed(self):
        """Nothing to feed."""


def unique_id():
    """The chip's serial number."""
    return (os.getenv("TIPRING_CARD_SERIAL") or "SIM0001").encode()
