# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwards in a circle, told at each person of the circle and at no other."""

from __future__ import annotations

import pytest

from firmware.config.problems import OfficeRefused
from tests.unit.routing.offices import compiled

THIRD = """[[people]]
extension = "203"
name = "Clara"
forward_always = "201"

[[queues]]"""


def test_who_leads_into_a_circle_is_not_in_it() -> None:
    with pytest.raises(OfficeRefused) as refused:
        compiled(
            ('name = "Anna"', 'name = "Anna"\nforward_always = "202"'),
            ('name = "Boris"', 'name = "Boris"\nforward_always = "201"'),
            ("[[queues]]", THIRD),
        )
    assert [problem.text for problem in refused.value.problems] == [
        "forward_always goes in a circle: 201 to 202 to 201.",
        "forward_always goes in a circle: 202 to 201 to 202.",
    ]


def test_a_chain_of_forwards_is_fine() -> None:
    compiled(('name = "Boris"', 'name = "Boris"\nforward_always = "201"'), ("[[queues]]", THIRD))


def test_a_circle_has_to_be_of_forward_always() -> None:
    compiled(
        ('name = "Anna"', 'name = "Anna"\nforward_busy = "202"'),
        ('name = "Boris"', 'name = "Boris"\nforward_busy = "201"'),
    )
