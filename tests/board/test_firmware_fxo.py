# SPDX-License-Identifier: GPL-2.0-or-later
"""The firmware's exchange line port in virtual time."""

from __future__ import annotations

import itertools

import pytest

from tests.board.virtual_port import (
    LOOP,
    POLARITY,
    RELAY,
    RING,
    Step,
    call,
    moves,
    pin,
    play,
    reports,
)

BATTERY = {LOOP: 1}


def burst(at_ms: int, length_ms: int) -> list[Step]:
    """Ring voltage for a while; it shakes the loop detector too."""
    shakes = [pin(at_ms + n * 20, LOOP, n % 2) for n in range(1, length_ms // 20)]
    return [
        pin(at_ms, RING, 1), *shakes, pin(at_ms + length_ms, RING, 0),
        pin(at_ms + length_ms, LOOP, 1),
    ]  # fmt: skip


def test_ringing_starts_pauses_and_stops() -> None:
    seen = play("fxo", [*burst(1000, 1000), *burst(6000, 1000)], 15_000, BATTERY)
    assert [what for what, *_ in reports(seen)] == [
        "RingingStarted", "RingingPaused", "RingingStarted", "RingingPaused", "RingingStopped",
    ]  # fmt: skip
    times = [at for at, what, _ in seen if what.startswith("Ringing")]
    wanted = [1100, 2080, 6100, 7080, 13_000]
    assert all(0 <= at - want <= 6 for at, want in zip(times, wanted, strict=True))


def test_bursts_are_counted() -> None:
    steps = [step for n in range(3) for step in burst(1000 + 3000 * n, 800)]
    seen = play("fxo", steps, 9_500, BATTERY)
    assert reports(seen, "RingingStarted") == [("RingingStarted", n) for n in (1, 2, 3)]
    assert reports(seen, "RingingPaused") == [("RingingPaused", n) for n in (1, 2, 3)]
    assert seen[-1][2] == [False, True, True, False]


def test_a_click_is_no_ring() -> None:
    assert reports(play("fxo", burst(1000, 80), 3000, BATTERY)) == []


def test_the_gap_of_a_pair_can_belong_to_the_burst() -> None:
    timings = (100, 300, 6000, 500, 60, 200, 40, 40, 60, 800)
    steps = [call(0, "configure", *timings), *burst(1000, 400), *burst(1600, 400)]
    seen = play("fxo", steps, 4000, BATTERY)
    assert reports(seen) == [("RingingStarted", 1), ("RingingPaused", 1)]


def test_battery_lost_and_back() -> None:
    steps = [pin(1000, LOOP, 0), pin(2000, LOOP, 1)]
    seen = play("fxo", steps, 3000, BATTERY)
    assert reports(seen) == [("BatteryChanged", False), ("BatteryChanged", True)]


def test_a_line_without_battery_says_so() -> None:
    assert play("fxo", [], 100)[-1][2] == [False, False, False, False]


@pytest.mark.parametrize(("length_ms", "told"), [(150, False), (250, True), (800, True)])
def test_loop_drop_of_a_seized_line(length_ms: int, told: bool) -> None:
    steps = [call(100, "seize", "now"), pin(3000, LOOP, 0), pin(3000 + length_ms, LOOP, 1)]
    seen = play("fxo", steps, 6000, BATTERY)
    expected = [("BatteryChanged", False), ("BatteryChanged", True)] if told else []
    assert reports(seen) == expected


def test_polarity() -> None:
    steps = [
        call(100, "seize", "now"),
        pin(3000, POLARITY, 1),
        pin(4000, POLARITY, 0),
        pin(5000, POLARITY, 1),
        pin(5020, POLARITY, 0),
    ]
    seen = play("fxo", steps, 6000, BATTERY)
    assert reports(seen) == [("PolarityChanged", True), ("PolarityChanged", False)]


@pytest.mark.parametrize(("rung_ms", "told"), [(10, False), (40, True), (80, True), (150, True)])
def test_glare_is_told_once(rung_ms: int, told: bool) -> None:
    steps = [pin(1000, RING, 1), call(1000 + rung_ms, "seize", "now"), pin(1200, RING, 0)]
    seen = play("fxo", steps, 3000, BATTERY)
    assert reports(seen) == ([("RingingStarted", 1)] if told else [])


def test_an_exchange_that_switches_is_no_dead_line() -> None:
    seen = play("fxo", [pin(1000, LOOP, 0), pin(1350, LOOP, 1)], 3000, BATTERY)
    assert reports(seen) == []


def test_seize_during_a_burst_ends_the_ringing() -> None:
    steps = [*burst(1000, 2000), call(1500, "seize", "now"), call(5000, "release", "now")]
    seen = play("fxo", steps, 13_000, BATTERY)
    assert reports(seen) == [("RingingStarted", 1)]
    assert moves(seen, RELAY) == [(1500, 1), (5000, 0)]


def test_the_exchange_taking_a_moment_to_give_current_is_no_drop() -> None:
    steps = [call(1000, "seize", "now"), pin(1001, LOOP, 0), pin(1200, LOOP, 1)]
    assert reports(play("fxo", steps, 3000, BATTERY)) == []


def test_flash_out() -> None:
    steps = [call(1000, "seize", "now"), call(2000, "flash", 120, "now")]
    steps += [pin(2001, LOOP, 0), pin(2125, LOOP, 1)]
    seen = play("fxo", steps, 4000, BATTERY)
    assert moves(seen, RELAY) == [(1000, 1), (2000, 0), (2120, 1)]
    assert reports(seen) == []


def test_dial_pulses() -> None:
    steps = [call(1000, "seize", "now"), call(2000, "dial", "30", "now")]
    seen = play("fxo", steps, 6500, BATTERY)
    relay = moves(seen, RELAY)[1:]
    lengths = [later[0] - earlier[0] for earlier, later in itertools.pairwise(relay)]
    assert lengths == [60, 40, 60, 40, 60, 800] + [60, 40] * 9 + [60]
    assert reports(seen) == [("PulsesSent",)]


@pytest.mark.parametrize("digits", ["", "1*", "12a"])
def test_what_cannot_be_dialled_is_refused(digits: str) -> None:
    steps = [call(1000, "seize", "now"), call(2000, "dial", digits, "now")]
    assert reports(play("fxo", steps, 2500, BATTERY)) == [("refused", "dial")]


@pytest.mark.parametrize("order", [("flash", 100, "now"), ("dial", "1", "now")])
def test_a_line_that_is_not_seized_is_not_used(order: tuple[object, ...]) -> None:
    seen = play("fxo", [call(100, str(order[0]), *order[1:])], 500, BATTERY)
    assert reports(seen) == [("refused", order[0])]
    assert moves(seen, RELAY) == []


def test_release_ends_dialling() -> None:
    steps = [call(0, "seize", "now"), call(500, "dial", "9", "now"), call(700, "release", "now")]
    seen = play("fxo", steps, 3000, BATTERY)
    assert moves(seen, RELAY)[-1][1] == 0
    assert reports(seen) == []
    assert seen[-1][2] == [False, False, True, False]
