# SPDX-License-Identifier: GPL-2.0-or-later
"""The card's program: one loop that never waits for anything but its next pass."""

import time

import revision
from card import Card
from machine import UART, WDT, Pin

PASS_MS = 2  # the shortest dial pulse to be told from noise is 20 ms
WATCHDOG_MS = 1000
READ_SIZE = 256
BUFFER_SIZE = 2048  # a full window with every byte escaped, and as much again


class Uptime:
    """Milliseconds since the start, without the wrap of ticks_ms."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._total_ms = 0

    def now_ms(self):
        """The present, to be asked at least once in six days."""
        ticks = time.ticks_ms()
        self._total_ms += time.ticks_diff(ticks, self._last)
        self._last = ticks
        return self._total_ms


def open_uart():
    """The serial port to the host; its REPL-free twin is on the chip's own USB."""
    tx, rx = Pin(revision.TX, Pin.OUT), Pin(revision.RX, Pin.IN)
    return UART(
        revision.UART, revision.BAUD, tx=tx, rx=rx, rxbuf=BUFFER_SIZE, txbuf=BUFFER_SIZE
    )


def write(uart, data):
    """Write what goes without waiting; the rest for the next pass."""
    written = uart.write(data) or 0
    return data[written:]


def main():
    """Run until the power goes."""
    uart = open_uart()
    uptime = Uptime()
    card = Card(uptime.now_ms())
    watchdog = WDT(timeout=WATCHDOG_MS)
    buffer = bytearray(READ_SIZE)
    unwritten = b""
    while True:
        now_ms = uptime.now_ms()
        length = uart.readinto(buffer)
        if length:
            card.feed(buffer, length, now_ms)
        card.poll(now_ms)
        if not unwritten:
            unwritten = card.take_output()
        if unwritten:
            unwritten = write(uart, unwritten)
        watchdog.feed()
        time.sleep_ms(PASS_MS)


main()
