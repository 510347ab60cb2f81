# SPDX-License-Identifier: GPL-2.0-or-later
"""Every country's tones, played by the engine, are heard by the engine as what they are."""

from __future__ import annotations

import time

import pytest

from firmware import events
from firmware.lines.countries import COUNTRIES
from firmware.values import ToneName
from native.engine import Engine
from tests.native.engine_bench import connect_two

HEARD_TOGETHER = (
    ToneName.RINGBACK,
    ToneName.BUSY,
    ToneName.CONGESTION,
    ToneName.SPECIAL_INFORMATION,
    ToneName.DIAL,
)
FIRST_S = 5.8  # American ringback: 2 s of tone and most of its pause
CASES = [(code, name) for code in COUNTRIES for name in HEARD_TOGETHER]


@pytest.fixture(scope="module")
def heard() -> dict[tuple[str, ToneName], list[events.MediaFact]]:
    """What is heard of each tone of each country in the first seconds, all at once."""
    facts: dict[tuple[str, ToneName], list[events.MediaFact]] = {case: [] for case in CASES}
    with Engine() as engine:
        for place, (code, name) in enumerate(CASES):
            sender, listener = 2 * place + 1, 2 * place + 2
            connect_two(engine, sender, listener)
            country = COUNTRIES[code]
            engine.detect(listener, tones=country.templates(*HEARD_TOGETHER), voice=True)
            engine.play_tone(sender, country.tones[name])
        end = time.monotonic() + FIRST_S
        while time.monotonic() < end:
            time.sleep(0.05)
            for fact in engine.take_events():
                if isinstance(fact, events.ToneHeard | events.ToneEnded | events.VoiceHeard):
                    facts[CASES[(int(fact.leg) - 1) // 2]].append(fact)
    return facts


@pytest.mark.parametrize(("code", "name"), CASES)
def test_a_tone_is_heard_as_what_it_is(
    heard: dict[tuple[str, ToneName], list[events.MediaFact]], code: str, name: ToneName
) -> None:
    found = heard[code, name]
    assert not [fact for fact in found if isinstance(fact, events.VoiceHeard)]
    tones = [fact.tone for fact in found if isinstance(fact, events.ToneHeard)]
    assert tones[:1] == [name], found
    if name is not ToneName.SPECIAL_INFORMATION:  # it may begin anew
        assert not [fact for fact in found if isinstance(fact, events.ToneEnded)], found
