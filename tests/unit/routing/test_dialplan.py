# SPDX-License-Identifier: GPL-2.0-or-later
"""Digit automata: what a number is after each digit."""

from __future__ import annotations

import pytest

from firmware.errors import LocalError
from firmware.routing.dialplan import DEAD, Pattern, build
from firmware.values import Verdict

MORE, COMPLETE = Verdict.MORE, Verdict.COMPLETE
MAY_GROW, IMPOSSIBLE = Verdict.MAY_GROW, Verdict.IMPOSSIBLE


def verdicts(patterns: list[Pattern], digits: str) -> list[Verdict]:
    automaton = build(patterns)
    state, found = automaton.start, []
    for digit in digits:
        state, verdict = automaton.step(state, digit)
        found.append(verdict)
    return found


def test_an_extension_is_complete_with_its_last_digit() -> None:
    assert verdicts([Pattern("101"), Pattern("102")], "101") == [MORE, MORE, COMPLETE]
    assert verdicts([Pattern("101"), Pattern("102")], "1031") == [
        MORE,
        MORE,
        IMPOSSIBLE,
        IMPOSSIBLE,
    ]


def test_nothing_follows_a_complete_number() -> None:
    assert verdicts([Pattern("101")], "1015")[-1] is IMPOSSIBLE


def test_a_prefix_may_grow_from_its_fewest_to_its_most_digits() -> None:
    plan = [Pattern("9", 2, 4)]
    assert verdicts(plan, "91234") == [MORE, MORE, MAY_GROW, MAY_GROW, COMPLETE]
    assert verdicts(plan, "9*")[-1] is IMPOSSIBLE


def test_the_hash_sends_a_number_that_may_grow_and_no_other() -> None:
    plan = [Pattern("9", 2, 4), Pattern("101")]
    assert verdicts(plan, "912#")[-1] is COMPLETE
    assert verdicts(plan, "91#")[-1] is IMPOSSIBLE
    assert verdicts(plan, "101#")[-1] is IMPOSSIBLE


def test_the_longer_prefix_wins_even_while_it_is_incomplete() -> None:
    plan = [Pattern("9", 2, 9), Pattern("900", 4, 5)]
    assert verdicts(plan, "9001234") == [MORE, MORE, MORE, MORE, MORE, MORE, MAY_GROW]
    assert verdicts(plan, "9011")[-1] is MAY_GROW


def test_an_emergency_number_is_not_waited_for() -> None:
    plan = [Pattern("1", 2, 9), Pattern("112", stops=True)]
    assert verdicts(plan, "112")[-1] is COMPLETE
    assert verdicts(plan, "113")[-1] is MAY_GROW


def test_a_code_that_is_also_the_beginning_of_another() -> None:
    assert verdicts([Pattern("*8"), Pattern("*8101")], "*8101") == [
        MORE,
        MAY_GROW,
        MORE,
        MORE,
        COMPLETE,
    ]


def test_equal_plans_give_equal_automata() -> None:
    plan = [Pattern("9", 2, 4), Pattern("101"), Pattern("102")]
    assert build(plan) == build(reversed(plan))


def test_the_empty_plan_refuses_every_digit() -> None:
    assert verdicts([], "1") == [IMPOSSIBLE]
    assert build([]).run("") is MORE


def test_an_unknown_state_is_our_own_bug() -> None:
    automaton = build([Pattern("1")])
    assert automaton.step(DEAD, "1") == (DEAD, IMPOSSIBLE)
    with pytest.raises(LocalError, match="no state 99"):
        automaton.step(99, "1")
