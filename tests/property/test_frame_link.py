# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of the card link over a line that loses and damages: every message once, in order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.linecard.hello import Identity
from drivers.linecard.link import OPEN, Down, Link, Up

LATENCY_MS = 3


@dataclass
class Wire:
    """One direction: bytes arrive LATENCY_MS later, in order, if at all."""

    chance: random.Random
    frame_loss: float
    byte_damage: float
    piece: int
    flying: list[tuple[int, bytes]] = field(default_factory=list)

    def send(self, data: bytes, now_ms: int) -> None:
        for frame in data.split(b"\x7e\x7e"):
            if self.chance.random() >= self.frame_loss:
                whole = b"\x7e" + frame.strip(b"\x7e") + b"\x7e"
                self.flying.append((now_ms + LATENCY_MS, bytes(map(self._damage, whole))))

    def _damage(self, byte: int) -> int:
        return (
            byte ^ self.chance.randrange(256) if self.chance.random() < self.byte_damage else byte
        )

    def deliver(self, end: Link, now_ms: int) -> None:
        while self.flying and self.flying[0][0] <= now_ms:
            _, data = self.flying.pop(0)
            for start in range(0, len(data), self.piece):
                part = data[start : start + self.piece]
                end.feed(part, len(part), now_ms)


def join(
    seed: int, loss: float, damage: float, piece: int, count: int, silence_ms: int = 60_000
) -> tuple[list[bytes], list[bytes], int]:
    """Send ``count`` numbered messages each way; what arrived at card and host, and how long."""
    chance = random.Random(seed)
    host = Link(Identity(5, "host", "r", "h"), silence_ms)
    card = Link(Identity(5, "card", "r", "c"), silence_ms)
    down, up = (Wire(chance, loss, damage, piece) for _ in range(2))
    to_card = [b"order %d" % n for n in range(count)]
    to_host = [b"fact %d" % n for n in range(count)]
    got: dict[int, list[bytes]] = {id(host): [], id(card): []}
    host.open(1234, 0)
    for now_ms in range(600_000):
        for end, wire in ((host, down), (card, up)):
            waiting = to_card if end is host else to_host
            if end.state == OPEN and waiting and now_ms % 3 == 0 and end.send(waiting[0], now_ms):
                waiting.pop(0)
            due_ms = end.next_timeout_ms()
            if due_ms is not None and due_ms <= now_ms:
                end.on_timer(now_ms)
            output = end.take_output(now_ms)
            if output:
                wire.send(output, now_ms)
            (up if end is host else down).deliver(end, now_ms)
            while (event := end.next_event()) is not None:
                assert not isinstance(event, Down), event.reason
                if isinstance(event, bytes):
                    got[id(end)].append(event)
        if len(got[id(host)]) == len(got[id(card)]) == count:
            return got[id(card)], got[id(host)], now_ms
    raise AssertionError(f"after ten minutes only {got}")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 3, 500]))
def test_twenty_percent_loss_and_damaged_bytes(seed: int, piece: int) -> None:
    card, host, _ = join(seed, 0.2, 0.002, piece, 40)
    assert card == [b"order %d" % n for n in range(40)]
    assert host == [b"fact %d" % n for n in range(40)]


@pytest.mark.parametrize("seed", range(3))
def test_sequence_numbers_go_round(seed: int) -> None:
    card, host, elapsed_ms = join(seed, 0.02, 0.0, 500, 700)
    assert card == [b"order %d" % n for n in range(700)]
    assert host == [b"fact %d" % n for n in range(700)]
    assert elapsed_ms < 60_000


def test_a_clean_line_needs_no_retransmission() -> None:
    _, _, elapsed_ms = join(1, 0.0, 0.0, 500, 100)
    assert elapsed_ms < 330  # 100 messages at one in 3 ms, and the latency


def test_both_ends_say_up_once() -> None:
    host, card = (
        Link(Identity(5, "host", "r", "h"), 2_000),
        Link(Identity(5, "card", "r", "c"), 2_000),
    )
    host.open(9, 0)
    for _ in range(3):  # the hello again: its answer was lost twice
        host.on_timer(host.next_timeout_ms() or 0)
    data = host.take_output(600)
    card.feed(data, len(data), 600)
    data = card.take_output(600)
    host.feed(data, len(data), 601)
    ups = [[type(event) for event in iter(end.next_event, None)] for end in (host, card)]
    assert ups == [[Up], [Up]]
