# SPDX-License-Identifier: GPL-2.0-or-later
"""No accepted office loses a caller, and no refused one was safe.

Random small offices, random callers, virtual time. What counts as lost is judged here from the
steps alone, not by the code of the proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import Now
from firmware.config.problems import OfficeRefused, Source
from firmware.config.schema import Office
from firmware.routing.compile import compile_office
from firmware.routing.steps import (
    DialStep,
    HangUpStep,
    MenuStep,
    OfferStep,
    Outcome,
    PlayStep,
    QueueStep,
    Result,
    Step,
    VoicemailStep,
)
from firmware.routing.table import Table
from firmware.routing.walk import LEGAL, Walk
from firmware.values import Party

KYIV = ZoneInfo("Europe/Kyiv")
READ_ON = date(2026, 1, 1)
MAX_STEPS = 3000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FRAME: dict[str, Any] = {
    "office": {
        "name": "Random office",
        "language": "en",
        "country": "UA",
        "time_zone": "Europe/Kyiv",
        "emergency": ["112"],
    },
    "sip": {},
    "cards": [{"name": "c", "revision": "r", "device": "d", "audio": "a"}],
    "lines": [{"name": "FXO1", "kind": "fxo", "card": "c", "port": "FXO1", "scheme": "main"}],
    "people": [
        {"extension": "201", "name": "A", "sip_password": "x", "mailbox": True, "pin": "1234"},
        {"extension": "202", "name": "B", "sip_password": "y"},
    ],
    "queues": [
        {"name": "q", "number": "300", "strategy": "ring-all", "members": ["201", "202"]},
    ],
    # every combination of open and closed occurs
    "schedules": [
        {"name": "s0", "open": {day: ["00:00-12:00"] for day in DAYS}},
        {"name": "s1", "open": {day: ["06:00-18:00"] for day in DAYS}},
        {"name": "s2", "open": {"mon": ["00:00-24:00"], "sun": ["03:00-04:00"]}},
    ],
}
KINDS = ("greeting", "hours", "menu", "dial", "queue", "person", "group", "voicemail", "outside")
ENDS: tuple[dict[str, Any], ...] = (
    {"kind": "announce", "prompt": "closed"},
    {"kind": "hangup", "prompt": "goodbye"},
    {"kind": "voicemail", "mailbox": "201"},
    {"kind": "person", "person": "201"},
)

Draw = Callable[..., Any]
Target = Callable[[], str]


def block(draw: Draw, kind: str, to: Target, anywhere: Target, number: int) -> dict[str, Any]:
    """A block of a kind; its ways go `to` a block, those of a key may go anywhere."""
    maybe = st.booleans()
    match kind:
        case "greeting":
            return {"kind": kind, "next": to()}
        case "hours":
            schedule = f"s{number % 3}"
            return {"kind": kind, "schedule": schedule, "open": to(), "closed": to()}
        case "menu":
            keys = draw(st.lists(st.sampled_from("0123456789*#"), min_size=1, max_size=3))
            ways = {key: anywhere() for key in keys}
            tries = draw(st.integers(1, 3))
            return {"kind": kind, "keys": ways, "otherwise": to(), "tries": tries}
        case "dial":
            return {"kind": kind, "otherwise": to()}
        case "queue":
            extra = {"full": to(), "empty": to()} if draw(maybe) else {}
            return {"kind": kind, "queue": "q", "otherwise": to(), **extra}
        case "person":
            return {"kind": kind, "person": "202", "otherwise": to(), "busy": to()}
        case "group":
            return {"kind": kind, "people": ["201", "202"], "otherwise": to(), "busy": to()}
        case "voicemail":
            return {"kind": kind, "mailbox": "201", "next": to()}
    return {"kind": kind, "number": "0501", "trunks": ["FXO1"], "otherwise": to(), "failed": to()}


def reachable(blocks: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Only the blocks that the first one leads to."""
    found, todo = {"b0"}, ["b0"]
    while todo:
        entry = blocks[todo.pop()]
        for target in (*entry.values(), *entry.get("keys", {}).values()):
            if isinstance(target, str) and target in blocks and target not in found:
                found.add(target)
                todo.append(target)
    return {name: entry for name, entry in blocks.items() if name in found}


@st.composite
def schemes(draw: Draw, wild: bool) -> dict[str, Any]:
    """Blocks that lead only onwards (except by keys); if `wild`, sometimes back or to silence."""
    count = draw(st.integers(1, 7))
    names = [f"b{n}" for n in range(count + 1)]

    def anywhere() -> str:
        return str(draw(st.sampled_from(names)))

    def onward(index: int) -> str:
        astray = wild and draw(st.integers(0, 9)) == 7
        return anywhere() if astray else str(draw(st.sampled_from(names[index + 1 :])))

    blocks: dict[str, dict[str, Any]] = {}
    checks = 0
    for index, name in enumerate(names[:-1]):
        kind = draw(st.sampled_from(KINDS if checks < 3 or wild else KINDS[2:]))
        checks += kind == "hours"
        blocks[name] = block(draw, kind, partial(onward, index), anywhere, checks - 1)
    ends = (*ENDS, {"kind": "hangup"}) if wild else ENDS
    blocks[names[-1]] = draw(st.sampled_from(ends))
    return {"main": {"start": "b0", "blocks": reachable(blocks)}}


def office(scheme: dict[str, Any]) -> Office:
    return Office.model_validate(FRAME | {"schemes": scheme}).with_source(
        Source("random.toml", {}, READ_ON)
    )


def is_last_words(step: PlayStep, blocks: dict[str, Any]) -> bool:
    """Judged from the file: prompts of an end, or thanks after a message."""
    said_by_mailbox = step.prompts[-1] == "goodbye"
    return blocks[step.block]["kind"] in ("announce", "hangup") or said_by_mailbox


def outcome(draw: Draw, step: Step) -> Outcome:
    """What a caller, the staff and the queues may do; nobody answers, for then he is saved."""
    legal = sorted(LEGAL[type(step)] - {Result.ANSWERED}, key=lambda result: result.value)
    result = draw(st.sampled_from(legal))
    if result is not Result.PRESSED:
        return Outcome(result)
    numbers = st.sampled_from(["201", "202", "9", "20", "#"])
    return Outcome(
        result, draw(numbers if isinstance(step, DialStep) else st.sampled_from("019*#"))
    )


def seconds_of(step: Step) -> float:
    match step:
        case QueueStep(max_wait_s=limit) | VoicemailStep(max_s=limit) | OfferStep(timeout_s=limit):
            return limit
        case MenuStep(timeout_s=limit) | DialStep(timeout_s=limit):
            return limit + 10.0
    return 10.0


def live_through(
    table: Table, blocks: dict[str, Any], at: datetime, act: Callable[[Step], Outcome]
) -> bool:
    """One caller to the end; whether something was said before the hang-up."""
    now = Now(0.0, at)
    walk = table.walk("FXO1", Party(), now)
    said = False
    for _ in range(MAX_STEPS):
        step = walk.step
        if isinstance(step, HangUpStep):
            return said
        assert step is not None
        said = isinstance(step, PlayStep) and (said or is_last_words(step, blocks))
        passed_s = seconds_of(step)
        assert 0 < passed_s <= 3600, "every step is bounded"
        now = Now(now.mono_s + passed_s, now.wall + timedelta(seconds=passed_s))
        walk.resume(act(step), now)
    raise AssertionError(f"still going after {MAX_STEPS} steps: {walk.path[-6:]}")


moments = st.integers(0, 399 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=KYIV) + timedelta(minutes=minutes)
)


@settings(max_examples=200, deadline=None)
@given(st.data(), schemes(wild=False), moments)
def test_offices_that_lead_onwards_are_accepted_and_safe(
    data: st.DataObject, scheme: dict[str, Any], at: datetime
) -> None:
    table = compile_office(office(scheme))
    for _ in range(3):
        assert live_through(
            table, scheme["main"]["blocks"], at, lambda step: outcome(data.draw, step)
        )


@settings(max_examples=400, deadline=None)
@given(st.data(), schemes(wild=True), moments)
def test_any_office_is_refused_or_safe(
    data: st.DataObject, scheme: dict[str, Any], at: datetime
) -> None:
    blocks = scheme["main"]["blocks"]
    try:
        table = compile_office(office(scheme))
    except OfficeRefused as refused:
        assert refused.problems
        return
    for _ in range(3):
        assert live_through(table, blocks, at, lambda step: outcome(data.draw, step))


# --------------------------------------------------------------------- refusals are true

EVENTS: dict[str, Outcome] = {
    "presses nothing": Outcome(Result.NO_INPUT),
    "gets no answer": Outcome(Result.NO_ANSWER),
    "finds everyone busy": Outcome(Result.BUSY),
    "finds the number busy": Outcome(Result.BUSY),
    "finds no free trunk": Outcome(Result.FAILED),
    "is not answered in time": Outcome(Result.TIMEOUT),
    "finds no agent signed on": Outcome(Result.EMPTY),
    "finds the queue full": Outcome(Result.FULL),
    "finds the mailbox full": Outcome(Result.FULL),
    "leaves a message": Outcome(Result.DONE),
}
STORY = re.compile(r'^FXO1, (\w+ \d+ \w+ \d+ \d\d:\d\d), (.*): ends in block "(\w+)" with nothing')


def unproved(scheme: dict[str, Any]) -> tuple[Table, list[str]] | None:
    """The table as if the proof had not been made, and what it says; None if accepted."""
    tables: list[Table] = []

    class Noted(Table):
        def __init__(self, data: Any) -> None:
            super().__init__(data)
            tables.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("firmware.routing.compile.Table", Noted)
        try:
            compile_office(office(scheme))
        except OfficeRefused as refused:
            return tables[0], [problem.text for problem in refused.problems]
    return None


def act_out(walk: Walk, events: list[str], now: Now) -> Step | None:
    """Live a story: between its events prompts play, silence is repeated as often as asked."""
    for event in events:
        while isinstance(walk.step, PlayStep):
            walk.resume(Outcome(Result.DONE), now)
        if event.startswith(("presses ", "dials ")) and event != "presses nothing":
            walk.resume(Outcome(Result.PRESSED, event.split()[1]), now)
            continue
        step = walk.step
        walk.resume(EVENTS[event], now)
        while event == "presses nothing" and walk.step == step:
            walk.resume(EVENTS[event], now)
    while isinstance(walk.step, PlayStep):
        walk.resume(Outcome(Result.DONE), now)
    return walk.step


@settings(max_examples=300, deadline=None)
@given(schemes(wild=True))
def test_the_caller_named_as_lost_is_lost(scheme: dict[str, Any]) -> None:
    refused = unproved(scheme)
    for text in refused[1] if refused else ():
        story = STORY.match(text)
        if refused is None or story is None:
            continue
        at = datetime.strptime(story[1], "%A %d %B %Y %H:%M").replace(tzinfo=KYIV)
        events = [] if story[2] == "waits" else story[2].split(", ")
        walk = refused[0].walk("FXO1", Party(), Now(0.0, at))
        end = act_out(walk, events, Now(0.0, at))
        assert isinstance(end, HangUpStep) and end.block == story[3]
