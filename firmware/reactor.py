# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop of the exchange: a fact in, the core's effects out, the one timer set anew.

Everything happens in the event loop's thread, one fact at a time, so the machines need no locks.
A fault in a machine costs one fact and is logged; the exchange goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from firmware.clock import Now
from firmware.core import Core
from firmware.dispatcher import Dispatcher
from firmware.effects import Effect
from firmware.machines import Fact
from firmware.officeclock import OfficeClock

log = logging.getLogger(__name__)


class Reactor:
    """Create it first, hand :meth:`feed` to the adapters, then :meth:`join` what they made up."""

    def __init__(self, clock: OfficeClock) -> None:
        self.clock = clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    def join(self, core: Core, dispatcher: Dispatcher) -> None:
        """Connect the machines and the doors."""
        self._core = core
        self._dispatcher = dispatcher

    def feed(self, fact: Fact) -> None:
        """Take one fact from an adapter; never raises."""
        self.act(lambda now: self._core.on_fact(fact, now), repr(fact))

    def act(self, decide: Callable[[Now], Sequence[Effect]], what: str) -> None:
        """Let the core decide something now and carry out its effects."""
        now = self.clock.now()
        try:
            effects = decide(now)
        except Exception:
            log.exception("could not handle %s", what)
            effects = []
        self._dispatcher.carry_out(effects, now.wall)
        self._arm_timer()
        self._changed.set()

    def act_soon(self, effect: Effect) -> None:
        """Carry out one effect; for other threads."""
        self._loop.call_soon_threadsafe(self.act, lambda _: [effect], repr(effect))

    def changed(self) -> asyncio.Event:
        """Set after the next change."""
        if self._changed.is_set():
            self._changed = asyncio.Event()
        return self._changed

    def _arm_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._core.next_timeout()
        self._timer = None if due is None else self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self.act(self._core.on_timer, "a timer")
