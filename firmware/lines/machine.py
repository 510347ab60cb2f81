# SPDX-License-Identifier: GPL-2.0-or-later
"""What the machines of both kinds of ports share: inputs looked up in tables, one timer, one leg.

A subclass gives the tables and the handlers that they name. Driven by ``firmware.core``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

from firmware.clock import Now
from firmware.effects import Effect, Indicate, Originate, PlayTone
from firmware.events import CardDown, LegFact, LineServiceChanged, MediaDown, MediaFailed
from firmware.lines.port import Port
from firmware.values import Cause, LegId

Out = list[Effect | LegFact]
Handler = Callable[[Any, Any, Now], Out]  # machine, fact or order, now
TimeoutHandler = Callable[[Any, Now], Out]
S = TypeVar("S", bound=Enum)


class AnalogLine(ABC, Generic[S]):
    """One port of a card; ``S`` are the states of its kind."""

    facts: Mapping[tuple[S, type], Handler]
    any_state: Mapping[type, Handler]  # facts that mean something whatever the state
    orders: Mapping[type, Handler]  # of the leg; Originate has none yet
    timeouts: Mapping[S, TimeoutHandler]
    OUT_OF_SERVICE: S
    ADOPTED: S

    def __init__(self, port: Port, new_leg: Callable[[], LegId]) -> None:
        self.port = port
        self.line = port.line
        self.country = port.country
        self.state: S = self.OUT_OF_SERVICE
        self.leg: LegId | None = None
        self._new_leg = new_leg
        self._deadline: float | None = None

    # ------------------------------------------------------------------ inputs

    def on_fact(self, fact: object, now: Now) -> Out:
        """A card or media fact of this line or leg."""
        handler = self.facts.get((self.state, type(fact))) or self.any_state.get(type(fact))
        return handler(self, fact, now) if handler else []

    def on_order(self, order: object, now: Now) -> Out:
        """A leg order; one for a leg that is over already is void."""
        if isinstance(order, Originate):
            return self._originate(order, now)
        if getattr(order, "leg", None) != self.leg or self.leg is None:
            return []
        handler = self.orders.get(type(order))
        return handler(self, order, now) if handler else []

    def next_timeout(self) -> float | None:
        """Monotonic second at which :meth:`on_timer` is due."""
        return self._deadline

    def on_timer(self, now: Now) -> Out:
        """The state's time is over, if it is."""
        if self._deadline is None or now.mono_s < self._deadline:
            return []
        self._deadline = None
        return self.timeouts[self.state](self, now)

    @abstractmethod
    def restore(self, leg: LegId, tag: str, now: Now) -> Out:
        """Take over a talk that went on while the exchange was away."""

    # ------------------------------------------------------------------ what both kinds do

    def _card_down(self, fact: CardDown, now: Now) -> Out:
        if self.state is self.ADOPTED:
            return []
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        self._enter(self.OUT_OF_SERVICE)
        return [*out, LineServiceChanged(self.line, False, fact.reason)]

    def _card_missing(self, now: Now) -> Out:
        """An adopted talk whose card never came back."""
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        self._enter(self.OUT_OF_SERVICE)
        return out

    def _media_failed(self, fact: MediaFailed, now: Now) -> Out:
        opening = fact.leg == self.leg and fact.order == "OpenCard"
        return self._media_down(fact, now) if opening else []

    def _indicate(self, order: Indicate, now: Now) -> Out:
        return [PlayTone(order.leg, self.country.tones[order.tone], order.play)]

    def _enter(self, state: S, deadline: float | None = None) -> None:
        self.state, self._deadline = state, deadline

    # ------------------------------------------------------------------ what each does its own way

    @abstractmethod
    def _originate(self, order: Originate, now: Now) -> Out:
        """Begin a call to the port, or refuse it."""

    @abstractmethod
    def _media_down(self, fact: MediaDown | MediaFailed, now: Now) -> Out:
        """The leg has lost its sound."""

    @abstractmethod
    def _end(self, cause: Cause, by_far_end: bool) -> Out:
        """Close the leg, if there is one, and tell the calls unless they know already."""
