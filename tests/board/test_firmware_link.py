# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole firmware in real time on MicroPython: the test is the host and the simulator."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from board.sim.machine.start import start_firmware
from drivers.linecard import messages
from drivers.linecard.hello import Identity
from drivers.linecard.link import Down, Link, Refused, Up

LIFELINE = 3
RING_MODE_1, HOOK_1 = 4, 6
HOOK_2 = 9
RELAY_1, RING_1, LOOP_1, POLARITY_1 = 28, 29, 30, 31
FXO1 = 8
HOST = Identity(messages.SCHEMA_HASH, "test", "tipring-8s4o-r1", "host")


class Bench:
    """A card on the bench: our end of its link, and its pins."""

    def __init__(self) -> None:
        self.link = Link(HOST, 3000)
        self.seen: list[Any] = []  # messages and link events, oldest first
        self.outputs: dict[int, int] = {}
        self.directions: dict[int, str] = {}
        self.uart, uart = socket.socketpair()
        self.pins, pins = socket.socketpair()
        with uart, pins:
            self.process = start_firmware(uart.fileno(), pins.fileno(), serial="BENCH7")
        self._text = b""
        self._session = 0
        self.talking = True

    def close(self) -> None:
        self.uart.close()
        self.pins.close()
        assert self.process.wait(5) == 0

    @staticmethod
    def now_ms() -> int:
        return int(time.monotonic() * 1000)

    def open(self) -> None:
        self._session += 1
        self.link.open(self._session, self.now_ms())
        self.wait(lambda: any(isinstance(e, Up) for e in self.seen), 3)

    def hang_open(self) -> None:
        self.seen.clear()
        self.link = Link(HOST, 3000)
        self.open()
        self.wait(lambda: len(self.named("PortState")) == 12, 2)

    def set(self, pin: int, level: int) -> None:
        self.pins.send(b"i %d %d\n" % (pin, level))

    def order(self, message: tuple[Any, ...]) -> None:
        assert self.link.send(messages.encode(message), self.now_ms())

    def turn(self) -> None:
        """Carry what there is, for at most 5 ms."""
        if self.talking:
            self.link.on_timer(self.now_ms())
            self.uart.send(self.link.take_output(self.now_ms()))
        for ready in select.select([self.uart, self.pins], [], [], 0.005)[0]:
            data = ready.recv(4096)
            if ready is self.uart:
                self.link.feed(data, len(data), self.now_ms())
            else:
                self._take_pins(data)
        while (event := self.link.next_event()) is not None:
            self.seen.append(messages.decode(event) if isinstance(event, bytes) else event)

    def _take_pins(self, data: bytes) -> None:
        *lines, self._text = (self._text + data).split(b"\n")
        for word, pin, value in (line.split() for line in lines):
            if word == b"o":
                self.outputs[int(pin)] = int(value)
            else:
                self.directions[int(pin)] = value.decode()

    def wait(self, holds: Callable[[], object], limit_s: float) -> None:
        end = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < end, f"not within {limit_s} s; seen {self.seen}"
            self.turn()

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [tuple(m) for m in self.seen if type(m).__name__ == name]

    def expect(self, message: tuple[Any, ...], limit_s: float = 1.5) -> None:
        self.wait(lambda: message in self.seen, limit_s)


@pytest.fixture(scope="module")
def card() -> Iterator[Bench]:
    """One firmware process for the module: it starts in 10 ms, the tests share its time."""
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def bench(card: Bench) -> Bench:
    """The card in a new session, everything on hook and at rest."""
    card.talking = True
    for pin in (HOOK_1, HOOK_2, RING_1, POLARITY_1):
        card.set(pin, 0)
    card.set(LOOP_1, 1)
    card.run(0.8)
    card.hang_open()
    return card


def test_hello(bench: Bench) -> None:
    (up,) = [e for e in bench.seen if isinstance(e, Up)]
    assert up.identity == (messages.SCHEMA_HASH, "0.1.0", "tipring-8s4o-r1", "BENCH7")
    assert bench.named("PortState")[0] == (0, False, False, True, False)
    assert bench.named("PortState")[FXO1] == (FXO1, False, False, True, False)
    bench.wait(lambda: bench.outputs.get(LIFELINE) == 1, 1)
    assert (bench.directions[RING_MODE_1], bench.directions[HOOK_1]) == ("out", "in")


def test_hook_flash_and_digits(bench: Bench) -> None:
    bench.set(HOOK_1, 1)
    bench.expect(messages.HookChanged(0, True))
    bench.set(HOOK_1, 0)
    bench.run(0.25)
    bench.set(HOOK_1, 1)
    bench.expect(messages.HookFlashed(0))
    for _ in range(3):
        bench.set(HOOK_1, 0)
        bench.run(0.05)
        bench.set(HOOK_1, 1)
        bench.run(0.05)
    bench.expect(messages.PulseDigit(0, 3))
    bench.set(HOOK_1, 0)
    bench.expect(messages.HookChanged(0, False))


def test_ring_trip(bench: Bench) -> None:
    bench.order(messages.StartRinging(1, (200, 300)))
    bench.expect(messages.RingBurstEnded(1, 2))
    bench.set(HOOK_2, 1)
    bench.expect(messages.HookChanged(1, True))
    bench.wait(lambda: bench.outputs[7] == 0, 0.2)


def test_exchange_line(bench: Bench) -> None:
    bench.set(RING_1, 1)
    bench.expect(messages.RingingStarted(FXO1, 1))
    bench.set(RING_1, 0)
    bench.expect(messages.RingingPaused(FXO1, 1))
    bench.order(messages.SeizeLine(FXO1))
    bench.wait(lambda: bench.outputs[RELAY_1] == 1, 0.5)
    bench.run(0.2)
    bench.set(POLARITY_1, 1)
    bench.expect(messages.PolarityChanged(FXO1, True))
    bench.set(LOOP_1, 0)
    bench.expect(messages.BatteryChanged(FXO1, False))
    bench.order(messages.ReleaseLine(FXO1))
    bench.wait(lambda: bench.outputs[RELAY_1] == 0, 0.5)


def test_a_silent_host(bench: Bench) -> None:
    """Ringing stops; a seized line is kept for the host's restart, then given back."""
    bench.order(messages.ConfigureCard(1000))
    bench.order(messages.StartRinging(0, (400, 400)))
    bench.order(messages.SeizeLine(FXO1))
    bench.wait(lambda: bench.outputs[RING_MODE_1] == 1 and bench.outputs[RELAY_1] == 1, 1)
    bench.talking = False
    start = time.monotonic()
    bench.run(2.4)
    assert (bench.outputs[RING_MODE_1], bench.outputs[RELAY_1]) == (0, 1)
    assert bench.outputs[LIFELINE] == 1  # FXO1 is in a talk: its wire stays with the card
    bench.wait(lambda: bench.outputs[LIFELINE] == 0, 2)
    assert bench.outputs[RELAY_1] == 0
    assert 2.9 <= time.monotonic() - start <= 4
    bench.talking = True
    bench.hang_open()
    bench.wait(lambda: bench.outputs[LIFELINE] == 1, 1)


def test_a_host_that_restarts_finds_its_talks(bench: Bench) -> None:
    bench.order(messages.SeizeLine(FXO1))
    bench.set(HOOK_1, 1)
    bench.expect(messages.HookChanged(0, True))
    bench.hang_open()
    assert (0, True, False, True, False) in bench.named("PortState")
    assert (FXO1, True, False, True, False) in bench.named("PortState")
    bench.order(messages.ReleaseLine(FXO1))
    bench.wait(lambda: bench.outputs[RELAY_1] == 0, 1)


def test_noise_on_the_line_and_orders_without_sense(bench: Bench) -> None:
    bench.uart.send(bytes(range(256)) * 3 + b"\x03\x03\x7e\x7d\x7e")
    bench.order(messages.StartRinging(99, (100, 100)))
    bench.order(messages.SeizeLine(0))
    assert bench.link.send(b"\xff\xff", bench.now_ms())
    bench.set(HOOK_1, 1)
    bench.expect(messages.HookChanged(0, True))
    assert bench.process.poll() is None


def test_a_host_of_another_version_is_refused_and_told_ours(bench: Bench) -> None:
    bench.link = Link(HOST._replace(schema=1), 3000)
    bench.link.open(1_000, bench.now_ms())
    bench.wait(lambda: any(isinstance(e, Refused) for e in bench.seen), 1)
    (refused,) = [e for e in bench.seen if isinstance(e, Refused)]
    assert refused.identity.schema == messages.SCHEMA_HASH
    assert not any(isinstance(e, Down) for e in bench.seen)
