# SPDX-License-Identifier: GPL-2.0-or-later
"""A box behind the control API: a backend whose status a test sets, and builders of its parts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from firmware.control.protocol import Status
from firmware.values import CallId, LineId
from firmware.views import AgentView, Alarm, CallView, LineView, QueueView

WALL = datetime(2026, 10, 26, 14, 2, 11, tzinfo=UTC)


def line(name: str, state: str = "idle", **more: Any) -> LineView:
    """One line; FXS1 belongs to extension 101 and so on."""
    kind = "sip-phone" if name.startswith("sip:") else name[:3].lower()
    owner = {"fxs": "10" + name[3:], "fxo": ""}.get(kind, name.removeprefix("sip:"))
    given = {"reason": "", "legs": 0, "call": None, **more}
    return LineView(LineId(name), kind, owner, state, **given)


def call(id: str, caller: str, called: str, **more: Any) -> CallView:
    """One call in a talk."""
    given = {
        "direction": "internal",
        "caller_name": "",
        "state": "talk",
        "scheme": "",
        "block": "",
        "seconds": 12.0,
        "talk_seconds": 10.0,
        "lines": (),
        "ringing": (),
        **more,
    }
    return CallView(CallId(id), caller=caller, called=called, **given)


def queue(name: str, *waiting: str, longest_s: float = 0.0) -> QueueView:
    """One queue and the calls that wait in it."""
    return QueueView(name, "ring-all", tuple(map(CallId, waiting)), longest_s, ("101", "102"))


def alarm(key: str, text: str, minute: int = 0) -> Alarm:
    """One alarm, raised at a minute after the box's hour."""
    return Alarm(key, text, WALL.replace(minute=minute))


def office() -> Status:
    """A box of 8 telephones, 4 exchange lines and 7 SIP phones, one talk, one caller waiting."""
    names = [f"FXS{n}" for n in range(1, 9)] + [f"FXO{n}" for n in range(1, 5)]
    names += [f"sip:{n}" for n in range(109, 117)]
    talk = CallId("20261026T100000.000-1")
    lines = {name: line(name) for name in names}
    lines["FXS1"] = line("FXS1", "connected", legs=1, call=talk)
    lines["FXS2"] = line("FXS2", "connected", legs=1, call=talk)
    lines["FXO4"] = line("FXO4", "out of service", reason="no battery: is the cable in?")
    people = [("101", "busy"), ("102", "busy"), ("103", "free")]
    return Status(
        version="0.1.0",
        office="Shop of fifteen",
        table="0123456789abcdef",
        wall=WALL,
        media_up=True,
        lines=tuple(lines.values()),
        calls=(call(talk, "101", "102", lines=(LineId("FXS1"), LineId("FXS2"))),),
        queues=(queue("sales", "c2", longest_s=35.0), queue("support")),
        agents=tuple(AgentView(e, e, state, 0.0, 1) for e, state in people),
        alarms=(),
    )


class Box:
    """The backend of a ControlServer."""

    def __init__(self, status: Status | None = None) -> None:
        self.now = status or office()
        self.hung_up: list[CallId] = []
        self.asked: list[int] = []
        self.kept: list[dict[str, Any]] = [{"call": "c1", "caller": "101", "talk_s": 3.5}]
        self._changed = asyncio.Event()

    def status(self) -> Status:
        return self.now

    def hang_up(self, call: CallId) -> None:
        self.hung_up.append(call)
        self.change(calls=tuple(view for view in self.now.calls if view.id != call))

    async def records(self, limit: int) -> list[Any]:
        self.asked.append(limit)
        return self.kept[:limit]

    def changed(self) -> asyncio.Event:
        if self._changed.is_set():
            self._changed = asyncio.Event()
        return self._changed

    def change(self, **parts: Any) -> None:
        """Another status, and everybody who waits is told."""
        self.now = replace(self.now, **parts)
        self._changed.set()

    def change_line(self, name: str, **parts: Any) -> None:
        """Another state of one line."""
        lines = self.now.lines
        self.change(lines=tuple(replace(v, **parts) if v.line == name else v for v in lines))
