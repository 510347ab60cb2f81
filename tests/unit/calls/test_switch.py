# SPDX-License-Identifier: GPL-2.0-or-later
"""The switch itself: records, tables, snapshots, alarms, odd facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.calls.context import Speech
from firmware.effects import ClearAlarm, PlayFiles, RaiseAlarm
from firmware.errors import ConfigError
from firmware.events import (
    CardDown,
    LegAdopted,
    LegDialled,
    LegDigit,
    LegEnded,
    LegFlashed,
    LegIdentified,
    LegSeized,
    LineIdle,
    PlayEnded,
)
from firmware.routing.table import Table
from firmware.values import CallId, Cause, LegId, LineId, Party, Presentation
from tests.unit.calls.world import PROMPT_S, FakeLeg, World, table


def test_the_record_tells_where_the_caller_was_and_what_he_pressed() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(3)
    w.keys("FXO1", "204")
    w.run(4)
    w.hang_up("FXO1")
    kinds = [event.kind for _, event in w.written]
    assert kinds == [
        "arrived",
        "scheme",
        "block",
        "passed",
        "block",
        "block",
        "key",
        "passed",
        "block",
        "offered",
        "offer-ended",
        "ended",
    ]
    assert w.events("arrived") == [
        {
            "line": "FXO1",
            "direction": "in",
            "extension": "",
            "number": "0501234567",
            "name": "Caller",
            "presentation": "available",
            "absence": "",
            "called": "",
        }
    ]


def test_a_caller_identified_later() -> None:
    w = World()
    leg = w.arrive("FXO1", "")
    w.tell(LegIdentified(leg, Party("", "", Presentation.RESTRICTED, "private")))
    assert w.events("identified")[0]["presentation"] == "restricted"
    w.keys("FXO1", "202")
    w.run(2)
    w.answer("FXS2")
    peer = w.on("FXS2").id
    w.tell(LegIdentified(peer, Party("5")), LegIdentified(LegId(99), Party()))
    assert w.switch.snapshot(w.now()).calls[0].caller == ""
    idle = w.lift("FXS1")
    w.tell(LegIdentified(idle, Party("1")))


def test_a_handset_lifted_and_put_down_is_no_call() -> None:
    w = World()
    w.lift("FXS1")
    w.hang_up("FXS1")
    assert w.over() and not w.written


def test_odd_facts_change_nothing() -> None:
    w = World()
    leg = w.dial("FXS1", "202")
    before = w.switch.snapshot(w.now())
    w.tell(
        LegDialled(leg, LineId("FXS1"), "203"),
        LegDialled(LegId(99), LineId("FXS1"), "203"),
        LegDigit(LegId(99), "1"),
        LegFlashed(LegId(99)),
        LegEnded(LegId(99), Cause.NORMAL, True),
        CardDown("card1", (), "x"),
        LineIdle(LineId("FXS8")),
    )
    assert w.switch.snapshot(w.now()) == before
    assert w.switch.on_timer(w.now()) == []


def test_a_line_that_fails_ends_the_call() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    leg = w.on("FXS1").id
    del w.legs[leg]
    w.tell(LegEnded(leg, Cause.DESTINATION_OUT_OF_ORDER, False))
    assert w.events("ended") == [{"cause": 27, "by": "line"}]
    w.service("FXS1", False)
    view = next(v for v in w.switch.snapshot(w.now()).lines if v.line == "FXS1")
    assert (view.state, view.reason) == ("out of service", "test")


def test_a_prompt_that_is_missing_is_an_alarm_and_the_call_goes_on() -> None:
    w = World()

    def path(key: str) -> Path:
        if key == "greeting":
            raise ConfigError("There is no prompt 'greeting'.")
        return Path(f"/prompts/{key}.wav")

    w.switch._ctx.speech = Speech(path, lambda n: (), lambda d: ())
    w.arrive("FXO1")
    assert w.hears("FXO1") == "dial_extension"
    assert RaiseAlarm("prompt:greeting", "There is no prompt 'greeting'.") in w.effects


def test_a_sound_that_cannot_be_played_is_an_alarm_until_it_can() -> None:
    w = World()
    leg = w.arrive("FXO1")
    play = w.legs[leg].playing
    assert play is not None
    broken = f"{play.paths[0]} is not a WAV file"
    w.tell(PlayEnded(leg, play.play, broken))
    [alarm] = [effect for effect in w.effects if isinstance(effect, RaiseAlarm)]
    assert broken in alarm.text and alarm.key.startswith("prompt:")
    w.hang_up("FXO1")
    w.arrive("FXO1")
    w.run(PROMPT_S + 1)
    assert ClearAlarm(alarm.key) in w.effects


def test_no_prompt_at_all_and_a_call_still_runs_through() -> None:
    w = World()

    def path(key: str) -> Path:
        raise ConfigError("none")

    w.switch._ctx.speech = Speech(path, lambda n: (), lambda d: ())
    w.arrive("FXO1")
    w.run(3)
    assert "FXS1" in w.ringing()
    w.run(61)
    assert w.on("FXO1").record is not None
    assert not [e for e in w.effects if isinstance(e, PlayFiles)]


def test_a_call_keeps_its_table_and_agents_their_state() -> None:
    w = World()
    w.arrive("FXO2")
    w.answer("FXS2")
    w.run(2)
    w.hang_up("FXS2")
    w.service("FXS8", False)
    data = table().data
    lines = {name: line for name, line in data.lines.items() if name != "FXS8"}
    changed = Table(type(data)(**{f: getattr(data, f) for f in data.__struct_fields__}))
    changed.lines = lines
    assert w.switch.set_table(changed, w.now()) == []
    agents = {a.extension: a.state for a in w.switch.snapshot(w.now()).agents}
    assert agents["202"] == "wrap-up"
    assert len(w.switch.snapshot(w.now()).lines) == len(lines)
    w.lift("FXS8")
    assert w.switch._ctx.kind_of(LineId("FXS8")).value == "sip-phone"


def test_an_operator_ends_a_call() -> None:
    w = World()
    w.dial("FXS1", "202")
    [call] = w.switch.call_ids
    w._obey(w.switch.hang_up(call, w.now()))
    w.settle()
    assert w.hears("FXS1") == "busy" and not w.switch.call_ids
    assert w.switch.hang_up(CallId("gone"), w.now()) == []


def test_snapshot_of_a_busy_box() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(9)
    w.dial("sip:206", "204")
    w.answer("FXS4")
    w.lift("FXS8")
    w.refusing = {"FXS2": Cause.BUSY}
    w.run(4)
    view = w.switch.snapshot(w.now())
    queue = next(q for q in view.queues if q.name == "all")
    assert len(queue.waiting) == 1 and queue.longest_wait_s == 6.0
    lines = {v.line: v.state for v in view.lines}
    assert lines["FXS1"] == "ringing" and lines["FXS8"] == "dialling"
    assert lines["FXS4"] == "connected" and lines["FXO3"] == "idle"
    waiting, talk = view.calls
    assert waiting.state == "queue" and waiting.scheme == "main" and waiting.block == "staff"
    assert waiting.ringing == ("201", "202", "203", "205")
    assert talk.state == "talk" and talk.called == "204" and talk.talk_seconds == 4.0
    agents = {a.extension: a.state for a in view.agents}
    assert agents["201"] == "ringing" and agents["204"] == "busy" and agents["206"] == "busy"


def test_a_handset_left_up_is_off_hook_until_it_is_down_or_asked_again() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.hang_up("FXS1")
    lines = {v.line: v.state for v in w.switch.snapshot(w.now()).lines}
    assert lines["FXS2"] == "off hook"
    w.dial("FXS1", "202")
    assert w.hears("FXS1") == "busy"
    w.run(11)
    w.hang_up("FXS1")
    w.dial("FXS1", "202")
    assert {"offer-ended"} & {e.kind for _, e in w.written}
    assert w.events("offer-ended")[-1]["why"] == "busy"


def test_a_seized_handset_is_not_off_hook_any_more() -> None:
    w = World()
    w.refusing = {"FXS2": Cause.BUSY}
    w.dial("FXS1", "202")
    w.tell(LegSeized(LegId(500), LineId("FXS2")))
    lines = {v.line: v.state for v in w.switch.snapshot(w.now()).lines}
    assert lines["FXS2"] == "dialling"


@pytest.mark.parametrize("tag", ["", "[]", "{}", '{"talk": 5}', "no json"])
def test_a_leg_without_our_tag_is_let_go(tag: str) -> None:
    w = World()
    w.legs[LegId(7)] = FakeLeg(LegId(7), "FXS1", "talking")
    w.tell(LegAdopted(LegId(7), LineId("FXS1"), tag))
    assert w.over()
