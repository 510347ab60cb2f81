# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of legs and names of calls: in their range, and never those of the run before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from firmware.ids import LEG_LIMIT, LEGS_PER_S, CallIds, LegIds

BIGGEST = 2**31 - 1  # a leg number is an int32 in C
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

starts = st.datetimes(
    datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)
)  # from a box whose clock is not set yet


def taken(ids: LegIds | CallIds, count: int) -> list[int | str]:
    return [ids() for _ in range(count)]


@given(starts)
def test_leg_numbers_are_in_their_range_and_differ(started: datetime) -> None:
    legs = taken(LegIds(started), 200)
    assert all(1 <= leg <= BIGGEST for leg in legs)
    assert len(set(legs)) == 200


def test_leg_numbers_wrap_to_one() -> None:
    last_second = EPOCH + timedelta(seconds=LEG_LIMIT // LEGS_PER_S)
    legs = taken(LegIds(last_second), 3 * LEGS_PER_S)
    assert max(legs) == LEG_LIMIT <= BIGGEST
    wrapped = legs.index(LEG_LIMIT) + 1
    assert 1 <= wrapped < len(legs)
    assert legs[wrapped:] == list(range(1, len(legs) - wrapped + 1))


@given(starts, st.integers(1, 600), st.floats(0, 0.999))
def test_a_later_start_uses_none_of_the_numbers_before(
    started: datetime, ran_s: int, fraction: float
) -> None:
    """However many legs the box made meanwhile: `LEGS_PER_S` in every second of the run."""
    before = taken(LegIds(started), ran_s * LEGS_PER_S)
    later = started + timedelta(seconds=ran_s + fraction)
    assert not set(before) & set(taken(LegIds(later), 50))


@given(starts)
def test_leg_numbers_come_again_after_four_years_at_the_earliest(started: datetime) -> None:
    four_years = timedelta(days=4 * 365)
    assert not set(taken(LegIds(started), 500)) & set(taken(LegIds(started + four_years), 500))


def test_call_names_say_when_the_run_began() -> None:
    ids = CallIds(datetime(2026, 10, 26, 10, 0, 0, 123456, tzinfo=UTC))
    assert [ids(), ids()] == ["20261026T100000.123-1", "20261026T100000.123-2"]


@given(starts, st.integers(1, 10**9))
def test_call_names_are_unique_over_all_runs(started: datetime, later_ms: int) -> None:
    first = taken(CallIds(started), 50)
    second = taken(CallIds(started + timedelta(milliseconds=later_ms)), 50)
    assert len({*first, *second}) == 100
