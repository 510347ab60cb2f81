# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever a line does and whatever the host orders: what is reported makes sense."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.board.virtual_port import (
    HOOK,
    LOOP,
    POLARITY,
    RELAY,
    REVERSE,
    RING,
    RING_MODE,
    Seen,
    Step,
    call,
    moves,
    pin,
    play,
    reports,
)

LENGTH_MS = 12_000
TIMES = st.integers(0, LENGTH_MS)


def pins(*numbers: int) -> st.SearchStrategy[Step]:
    return st.builds(pin, TIMES, st.sampled_from(numbers), st.integers(0, 1))


def calls(*orders: tuple[Any, ...]) -> st.SearchStrategy[Step]:
    return st.builds(lambda at, order: call(at, *order), TIMES, st.sampled_from(orders))


FXS_STEPS = st.lists(
    pins(HOOK)
    | calls(
        ("start_ringing", [300, 700], "now"),
        ("start_ringing", [200, 200, 200, 900], "now"),
        ("stop_ringing",),
        ("set_polarity", True),
        ("set_polarity", False),
        ("break_loop", 200, "now"),
    ),
    max_size=40,
)
FXO_STEPS = st.lists(
    pins(RING, LOOP, POLARITY)
    | calls(
        ("seize", "now"),
        ("release", "now"),
        ("flash", 150, "now"),
        ("dial", "27", "now"),
    ),
    max_size=60,
)


def alternates(seen: Seen, name: str, first: bool) -> bool:
    values = [fields[0] for _, *fields in [(r[0], *r[1:]) for r in reports(seen, name)]]
    return values == [first ^ (n % 2 == 1) for n in range(len(values))]


@settings(max_examples=40, deadline=None)
@given(FXS_STEPS, st.sampled_from([2, 7]))
def test_a_telephone_port(steps: list[Step], pass_ms: int) -> None:
    seen = play("fxs", steps, LENGTH_MS, pass_ms=pass_ms)
    assert alternates(seen, "HookChanged", True)
    lifted, mode = False, {RING_MODE: 0, REVERSE: 0}
    for _, what, fields in seen:
        if what == "HookChanged":
            lifted = fields[0]
        elif what == "pin":
            mode[fields[0]] = fields[1]
            ringing = mode == {RING_MODE: 1, REVERSE: 0}
            assert not (ringing and lifted), "ring voltage on a lifted telephone"
        elif what in ("HookFlashed", "PulseDigit"):
            assert lifted


@settings(max_examples=40, deadline=None)
@given(FXO_STEPS, st.sampled_from([2, 7]))
def test_an_exchange_line_port(steps: list[Step], pass_ms: int) -> None:
    seen = play("fxo", steps, LENGTH_MS, {LOOP: 1}, pass_ms)
    assert alternates(seen, "BatteryChanged", False)
    assert alternates(seen, "PolarityChanged", True)
    ringing = [what for what, *_ in reports(seen) if what.startswith("Ringing")]
    for earlier, later in itertools.pairwise(ringing):
        assert (earlier, later) != ("RingingPaused", "RingingPaused")
        assert (earlier, later) != ("RingingStopped", "RingingPaused")
    if not any(step[1] == "call" and step[2] == "seize" for step in steps):
        assert moves(seen, RELAY) == []
