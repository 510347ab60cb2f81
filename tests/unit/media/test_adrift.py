# SPDX-License-Identifier: GPL-2.0-or-later
"""Which legs are closed while no exchange is there."""

from __future__ import annotations

from firmware.media.adrift import ALONE_S, SILENT_S, Adrift, LegState
from firmware.values import LegId

ANNA, BORIS, CLARA = LegId(1), LegId(2), LegId(3)


def test_a_talk_goes_on_while_it_is_heard() -> None:
    adrift = Adrift()
    for second in range(600):
        talk = [LegState(ANNA, 5, second), LegState(BORIS, 5, second)]
        assert adrift.look(talk, float(second)) == []


def test_a_leg_without_a_partner_is_closed() -> None:
    adrift = Adrift()
    for second in range(int(ALONE_S)):
        legs = [LegState(ANNA, 0, second), LegState(BORIS, 7, second)]
        assert adrift.look(legs, float(second)) == []
    legs = [LegState(ANNA, 0, 99), LegState(BORIS, 7, 99)]
    assert adrift.look(legs, ALONE_S) == [ANNA, BORIS]


def test_the_time_alone_begins_when_the_partner_leaves() -> None:
    adrift = Adrift()
    adrift.look([LegState(ANNA, 5, 0), LegState(BORIS, 5, 0)], 0.0)
    adrift.look([LegState(ANNA, 5, 1), LegState(BORIS, 5, 1)], 20.0)
    assert adrift.look([LegState(ANNA, 5, 2)], 20.0 + ALONE_S - 1) == []
    assert adrift.look([LegState(ANNA, 5, 3)], 20.0 + ALONE_S) == [ANNA]


def test_a_silent_party_is_closed_and_its_partner_left_alone() -> None:
    adrift = Adrift()
    for second in range(0, int(SILENT_S), 10):
        legs = [LegState(ANNA, 5, second), LegState(BORIS, 5, 0)]
        assert adrift.look(legs, float(second)) == []
    assert adrift.look([LegState(ANNA, 5, 99), LegState(BORIS, 5, 0)], SILENT_S) == [BORIS]


def test_an_exchange_that_came_back_starts_the_count_anew() -> None:
    adrift = Adrift()
    adrift.look([LegState(CLARA, 0, 0)], 0.0)
    adrift.adopt()
    assert adrift.look([LegState(CLARA, 0, 0)], ALONE_S) == []
    assert adrift.look([LegState(CLARA, 0, 0)], 2 * ALONE_S) == [CLARA]


def test_a_number_used_again_is_another_leg() -> None:
    adrift = Adrift()
    adrift.look([LegState(CLARA, 0, 0)], 0.0)
    adrift.look([], 10.0)
    assert adrift.look([LegState(CLARA, 0, 0)], ALONE_S) == []
