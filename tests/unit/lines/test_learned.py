# SPDX-License-Identifier: GPL-2.0-or-later
"""Busy tones of networks we do not know: they end the talk, are learned, kept and known again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.effects import Answer, CloseLeg, Detect, Originate, ReleaseLine, SaveSetting
from firmware.events import (
    CadenceMeasured,
    DigitsSent,
    LegAdopted,
    LegEnded,
    RingingStarted,
    ToneHeard,
)
from firmware.lines.countries import COUNTRIES
from firmware.lines.fxo import FxoSettings, State
from firmware.lines.learned import (
    MOST_TONES,
    LearnedTone,
    from_settings,
    setting_key,
    to_json,
)
from firmware.values import Cause, LegId, Party, ToneName
from tests.unit.lines.test_fxo import FIRST, LINE, OUT, World, disconnect_detector

FOREIGN = LearnedTone((450.0,), 200, 300)
KEY = "learned-tone/FXO1"


def cadence(leg: LegId, tone: LearnedTone = FOREIGN, seconds: float = 2.0) -> CadenceMeasured:
    since = 80_000
    at = since + round(seconds * 8_000)
    return CadenceMeasured(leg, tone.frequencies_hz, tone.on_ms, tone.off_ms, 4, at, since)


def saved(out: list[object]) -> list[SaveSetting]:
    return [effect for effect in out if isinstance(effect, SaveSetting)]


def talks_again(world: World) -> tuple[LegId, Detect]:
    """The next call on the line: its leg and what is listened for."""
    world.wait(world.country.guard_s)
    world.fact(RingingStarted(LINE, 1))
    world.fact(RingingStarted(LINE, 2))
    leg = world.machine.leg
    assert leg is not None
    (detect,) = (out for out in world.order(Answer(leg)) if isinstance(out, Detect))
    return leg, detect


class TestInATalk:
    def test_unknown_tone_ends_the_talk_and_is_kept(self) -> None:
        world = World()
        leg = world.talks()
        assert world.fact(cadence(leg)) == [
            SaveSetting(KEY, '[{"frequencies_hz": [450.0], "on_ms": 200, "off_ms": 300}]'),
            ReleaseLine(LINE),
            LegEnded(leg, Cause.NORMAL, by_far_end=True, busy_tone_s=2.0),
            CloseLeg(leg),
        ]
        assert world.state is State.GUARD

    def test_next_call_knows_it(self) -> None:
        world = World()
        world.fact(cadence(world.talks()))
        leg, detect = talks_again(world)
        assert detect == disconnect_detector(leg, learned=(FOREIGN,))
        assert detect.measure

    def test_an_outgoing_talk_learns_too(self) -> None:
        world = World()
        out = world.fact(cadence(world.connected()))
        assert saved(out) == [SaveSetting(KEY, to_json([FOREIGN]))]
        assert LegEnded(OUT, Cause.NORMAL, by_far_end=True, busy_tone_s=2.0) in out

    def test_an_adopted_talk_learns_too(self) -> None:
        world = World(in_service=False)
        assert LegAdopted(FIRST, LINE, "") in world.machine.restore(FIRST, "", world.now)
        assert saved(world.fact(cadence(FIRST))) == [SaveSetting(KEY, to_json([FOREIGN]))]

    @pytest.mark.parametrize("country", COUNTRIES)
    def test_tone_of_the_country_is_not_kept(self, country: str) -> None:
        world = World(country)
        busy = COUNTRIES[country].tones[ToneName.BUSY].segments[0]
        tone = LearnedTone(busy.frequencies_hz, busy.on_ms + 9, busy.off_ms - 9)
        out = world.fact(cadence(world.talks(), tone))
        assert saved(out) == []
        assert any(isinstance(fact, LegEnded) for fact in out)

    def test_tone_that_is_known_is_not_kept_again(self) -> None:
        world = World(settings=FxoSettings(learned_tones=(FOREIGN,)))
        near = LearnedTone((453.0,), 207, 294)
        assert saved(world.fact(cadence(world.talks(), near))) == []

    @pytest.mark.parametrize(
        "other",
        [
            LearnedTone((480.0,), 200, 300),
            LearnedTone((450.0, 620.0), 200, 300),
            LearnedTone((450.0,), 240, 300),
            LearnedTone((450.0,), 200, 345),
        ],
    )
    def test_another_tone_is_kept_beside_the_first(self, other: LearnedTone) -> None:
        world = World(settings=FxoSettings(learned_tones=(FOREIGN,)))
        out = world.fact(cadence(world.talks(), other))
        assert saved(out) == [SaveSetting(KEY, to_json([FOREIGN, other]))]

    def test_oldest_makes_room(self) -> None:
        tones = tuple(LearnedTone((450.0,), 100 * n, 900) for n in range(1, MOST_TONES + 1))
        world = World(settings=FxoSettings(learned_tones=tones))
        new = LearnedTone((300.0,), 200, 300)
        (setting,) = saved(world.fact(cadence(world.talks(), new)))
        assert from_settings({KEY: setting.value}, LINE) == (*tones[1:], new)

    def test_the_engine_takes_all_templates_of_a_leg(self) -> None:
        tones = tuple(LearnedTone((450.0,), 100 * n, 900) for n in range(1, MOST_TONES + 1))
        for country in COUNTRIES:
            world = World(country, FxoSettings(learned_tones=tones))
            world.order(Originate(OUT, LINE, "1", Party()))
            world.tone(ToneName.DIAL)
            for out in world.fact(DigitsSent(OUT)):
                assert not isinstance(out, Detect) or len(out.tones) <= 16


class TestOutgoing:
    def test_unknown_tone_is_busy_but_not_learned(self) -> None:
        world = World()
        world.dials()
        assert world.fact(cadence(OUT)) == [
            ReleaseLine(LINE),
            LegEnded(OUT, Cause.BUSY, by_far_end=True),
            CloseLeg(OUT),
        ]

    def test_unknown_tone_after_ringback_is_busy(self) -> None:
        world = World()
        world.dials()
        world.tone(ToneName.RINGBACK)
        assert LegEnded(OUT, Cause.BUSY, by_far_end=True) in world.fact(cadence(OUT))

    def test_progress_is_measured_and_knows_the_learned_tone(self) -> None:
        world = World(settings=FxoSettings(learned_tones=(FOREIGN,)))
        (first,) = (
            out
            for out in world.order(Originate(OUT, LINE, "0445550199", Party()))
            if isinstance(out, Detect)
        )
        assert FOREIGN.template() in first.tones and not first.measure
        world.tone(ToneName.DIAL)
        (then,) = (out for out in world.fact(DigitsSent(OUT)) if isinstance(out, Detect))
        assert FOREIGN.template() in then.tones and then.measure and then.voice
        heard = ToneHeard(OUT, ToneName.BUSY, 9_000, 1_000)
        assert LegEnded(OUT, Cause.BUSY, by_far_end=True) in world.fact(heard)

    def test_a_tone_while_seizing_changes_nothing(self) -> None:
        world = World()
        world.order(Originate(OUT, LINE, "1", Party()))
        assert world.fact(cadence(OUT)) == []


def test_no_tone_is_measured_where_the_installer_switched_it_off() -> None:
    world = World(settings=FxoSettings(by_busy_tone=False))
    world.rings()
    (detect,) = (out for out in world.order(Answer(FIRST)) if isinstance(out, Detect))
    assert not detect.measure


tones = st.builds(
    LearnedTone,
    st.lists(st.floats(195, 660), min_size=1, max_size=2).map(tuple),
    st.integers(70, 1_010),
    st.integers(70, 1_010),
)


@given(st.lists(tones, max_size=MOST_TONES))
def test_what_is_kept_comes_back(kept: list[LearnedTone]) -> None:
    assert from_settings({setting_key(LINE): to_json(kept)}, LINE) == tuple(kept)


@given(tones)
def test_a_tone_fits_its_own_template(tone: LearnedTone) -> None:
    assert tone.fits(tone.template())
    assert not replace(tone, on_ms=tone.on_ms + 200).fits(tone.template())
    assert 0 < tone.template().on_ms[0] < tone.template().on_ms[1]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["frequencies_hz", "on_ms", "off_ms", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.text(max_size=30) | json_values.map(json.dumps))
def test_damaged_values_are_left_out(text: str) -> None:
    for tone in from_settings({setting_key(LINE): text}, LINE):
        assert min(tone.frequencies_hz) >= 195 and max(tone.frequencies_hz) <= 660


@pytest.mark.parametrize(
    "change",
    [
        {"frequencies_hz": []},
        {"frequencies_hz": [300, 400, 500]},
        {"frequencies_hz": [5000]},
        {"frequencies_hz": 450},
        {"on_ms": 20},
        {"off_ms": 9000},
        {"off_ms": None},
        {"on_ms": float("inf")},
    ],
)
def test_only_the_damaged_tone_is_left_out(change: dict[str, object]) -> None:
    good = {"frequencies_hz": [450.0], "on_ms": 200, "off_ms": 300}
    kept = {setting_key(LINE): json.dumps([good | change, good])}
    assert from_settings(kept, LINE) == (FOREIGN,)
