# SPDX-License-Identifier: GPL-2.0-or-later
"""The firmware's telephone port in virtual time."""

from __future__ import annotations

import pytest

from tests.board.virtual_port import (
    HOOK,
    REVERSE,
    RING_MODE,
    Step,
    call,
    moves,
    pin,
    play,
    reports,
)

LIFT = pin(100, HOOK, 1)


def pulses(start_ms: float, count: int, per_second: float, make: float) -> list[Step]:
    """One digit of a dial."""
    period = 1000 / per_second
    steps = []
    for n in range(count):
        at = start_ms + n * period
        steps += [pin(at, HOOK, 0), pin(at + period * (1 - make), HOOK, 1)]
    return steps


def test_lift_and_put_down() -> None:
    seen = play("fxs", [LIFT, pin(1000, HOOK, 0)], 3000)
    assert reports(seen) == [("HookChanged", True), ("HookChanged", False)]
    times = [at for at, what, _ in seen if what == "HookChanged"]
    assert 108 <= times[0] <= 114  # debounce
    assert 1600 <= times[1] <= 1620  # the longest flash


def test_a_bounce_is_no_lift() -> None:
    steps = [pin(at, HOOK, at // 4 % 2) for at in range(100, 200, 4)]
    assert reports(play("fxs", [*steps, pin(200, HOOK, 0)], 1000)) == []


def test_a_lift_that_bounces_is_one() -> None:
    steps = [pin(at, HOOK, at // 4 % 2) for at in range(100, 140, 4)]
    assert reports(play("fxs", [*steps, pin(140, HOOK, 1)], 1000)) == [("HookChanged", True)]


@pytest.mark.parametrize("per_second", [8, 9, 10, 11, 12])
@pytest.mark.parametrize("make", [0.3, 0.333, 0.4, 0.5, 0.6, 0.7])
def test_rotary_digits(per_second: float, make: float) -> None:
    steps = [LIFT]
    at = 500.0
    for digit in (5, 1, 2, 9, 10):
        steps += pulses(at, digit, per_second, make)
        at += digit * 1000 / per_second + 600
    seen = play("fxs", steps, round(at))
    assert reports(seen)[1:] == [("PulseDigit", n) for n in (5, 1, 2, 9, 10)]


def test_eleven_pulses_are_no_digit() -> None:
    seen = play("fxs", [LIFT, *pulses(500, 11, 10, 0.4)], 3000)
    assert reports(seen) == [("HookChanged", True)]


@pytest.mark.parametrize("length_ms", [120, 200, 400, 600])
def test_flash(length_ms: int) -> None:
    steps = [LIFT, pin(500, HOOK, 0), pin(500 + length_ms, HOOK, 1)]
    assert reports(play("fxs", steps, 2500)) == [("HookChanged", True), ("HookFlashed",)]


@pytest.mark.parametrize("length_ms", [82, 90, 98])
def test_a_short_flash_button_of_a_telephone_without_a_dial(length_ms: int) -> None:
    steps = [LIFT, pin(500, HOOK, 0), pin(500 + length_ms, HOOK, 1)]
    assert reports(play("fxs", steps, 2500))[1:] == [("HookFlashed",)]


def test_the_same_break_of_a_telephone_with_a_dial() -> None:
    steps = [LIFT, *pulses(500, 3, 8, 0.3), *pulses(1500, 1, 8, 0.3)]
    assert reports(play("fxs", steps, 2500))[1:] == [("PulseDigit", 3), ("PulseDigit", 1)]


def test_the_very_first_one_of_a_common_dial() -> None:
    steps = [LIFT, *pulses(500, 1, 10, 0.4)]
    assert reports(play("fxs", steps, 2500))[1:] == [("PulseDigit", 1)]


def test_a_break_longer_than_a_flash_ends_the_call() -> None:
    steps = [LIFT, pin(500, HOOK, 0), pin(1150, HOOK, 1)]
    hooks = [("HookChanged", value) for value in (True, False, True)]
    assert reports(play("fxs", steps, 2500)) == hooks


def test_a_tiny_break_is_noise() -> None:
    steps = [LIFT, pin(500, HOOK, 0), pin(512, HOOK, 1)]
    assert reports(play("fxs", steps, 2500)) == [("HookChanged", True)]


def test_a_timed_break_flash_where_no_rotary_dial_is() -> None:
    timings = (10, 15, 40, 200, 60, 400)
    steps = [call(0, "configure", *timings), LIFT, pin(500, HOOK, 0), pin(590, HOOK, 1)]
    assert reports(play("fxs", steps, 2000)) == [("HookChanged", True), ("HookFlashed",)]


def test_a_flash_ends_a_digit_under_way() -> None:
    steps = [LIFT, *pulses(500, 2, 10, 0.4), pin(800, HOOK, 0), pin(1100, HOOK, 1)]
    assert reports(play("fxs", steps, 2500))[1:] == [("HookFlashed",)]


def test_ringing_follows_the_cadence_without_drift() -> None:
    seen = play("fxs", [call(100, "start_ringing", [1000, 2000], "now")], 12_600)
    mode = moves(seen, RING_MODE)
    expected = [100, 1100, 3100, 4100, 6100, 7100, 9100, 10_100, 12_100]
    assert [level for _, level in mode] == [1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert all(0 <= at - want <= 2 for (at, _), want in zip(mode, expected, strict=True))
    assert reports(seen) == [("RingBurstEnded", n) for n in (1, 2, 3, 4)]
    assert seen[-1][2] == [False, True, True, False]


def test_a_double_ring_ends_at_its_long_pause() -> None:
    seen = play("fxs", [call(0, "start_ringing", [400, 200, 400, 2000], "now")], 3900)
    assert [(at, *f) for at, what, f in seen if what == "RingBurstEnded"] == [(1000, 1)]


@pytest.mark.parametrize("lifted_ms", [700, 1900])
def test_ring_trip(lifted_ms: int) -> None:
    steps = [call(100, "start_ringing", [1000, 4000], "now"), pin(lifted_ms, HOOK, 1)]
    seen = play("fxs", steps, 8000)
    last_at, level = moves(seen, RING_MODE)[-1]
    assert level == 0
    assert last_at <= lifted_ms + 14
    assert reports(seen)[-1] == ("HookChanged", True)
    assert seen[-1][2] == [True, False, True, False]


def test_a_lifted_telephone_is_not_rung() -> None:
    seen = play("fxs", [LIFT, call(500, "start_ringing", [1000, 4000], "now")], 1000)
    assert moves(seen, RING_MODE) == []


@pytest.mark.parametrize("cadence", [[], [1000], [1000, 2000, 500], [1000, 0]])
def test_a_cadence_that_cannot_be_rung_is_refused(cadence: list[int]) -> None:
    seen = play("fxs", [call(100, "start_ringing", cadence, "now")], 300)
    assert reports(seen) == [("refused", "start_ringing")]


def test_stop_ringing() -> None:
    steps = [call(100, "start_ringing", [1000, 4000], "now"), call(400, "stop_ringing")]
    seen = play("fxs", steps, 6000)
    assert moves(seen, RING_MODE) == [(100, 1), (400, 0)]
    assert reports(seen) == []


def test_polarity_waits_for_the_end_of_a_burst() -> None:
    steps = [
        call(0, "set_polarity", True),
        call(100, "start_ringing", [1000, 4000], "now"),
        call(300, "set_polarity", True),
    ]
    seen = play("fxs", steps, 2000)
    assert moves(seen, REVERSE) == [(0, 1), (100, 0), (1100, 1)]


def test_mode_pins_never_pass_through_ringing() -> None:
    """From normal to open and back: rm = 1 with fr = 0 would ring the telephone."""
    seen = play("fxs", [LIFT, call(500, "break_loop", 300, "now")], 2000)
    level = {RING_MODE: 0, REVERSE: 0}
    modes = []
    for _, what, fields in seen:
        if what == "pin":
            level[fields[0]] = fields[1]
            modes.append((level[RING_MODE], level[REVERSE]))
    assert modes == [(0, 1), (1, 1), (0, 1), (0, 0)]
    assert [at for at, _ in moves(seen, RING_MODE)] == [500, 800]


def test_our_own_loop_break_is_no_flash() -> None:
    steps = [LIFT, call(500, "break_loop", 300, "now"), pin(502, HOOK, 0), pin(830, HOOK, 1)]
    assert reports(play("fxs", steps, 2000)) == [("HookChanged", True)]


def test_put_down_during_our_loop_break() -> None:
    steps = [LIFT, call(500, "break_loop", 300, "now"), pin(502, HOOK, 0)]
    assert reports(play("fxs", steps, 3000))[1:] == [("HookChanged", False)]
