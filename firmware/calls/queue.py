# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting in a queue, and giving waiting callers to agents.

Ring-all rings every agent who is free, and whoever becomes free while the caller waits.
Round-robin rings one agent at a time for the queue's answer time, then the one after him; the
turn goes on from call to call. `distribute` runs after every fact, oldest caller first, so a
freed agent rings at once. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import Activity
from firmware.calls.cause import why_not
from firmware.calls.offer import CONFIRM_S
from firmware.calls.rings import Rings
from firmware.events import PlayEnded
from firmware.routing.steps import Result
from firmware.values import Cause

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.context import Context
    from firmware.calls.leg import Leg
    from firmware.calls.rings import Ring
    from firmware.routing.table import QueueRules

ROUND_ROBIN = "round-robin"
RETRY_S = 5.0  # before the same agent is offered the same caller again
UNREACHABLE_RETRY_S = 30.0  # before a device that could not be reached is tried again


class QueueWait(Activity):
    """One caller in one queue."""

    name = "queue"
    can_move = True

    def __init__(self, call: Call, rules: QueueRules, max_wait_s: float | None = None) -> None:
        super().__init__(call)
        self.rules = rules
        self.rings = Rings(call)
        self.entered = self.ctx.now.mono_s
        self._max_wait_s = rules.max_wait_s if max_wait_s is None else max_wait_s
        self._ends_at = self.entered + self._max_wait_s
        self._refused: set[str] = set()  # agents who sent this caller away
        self._retry_at: dict[str, float] = {}  # agent: monotonic s
        self._skipped: set[tuple[str, str]] = set()  # agent and reason, in the record already
        self._confirm_at: float | None = None
        self._play = 0

    # ------------------------------------------------------------------ coming in

    def start(self) -> None:
        """Take the place, unless there is none or nobody to wait for."""
        ahead = len(waiting(self.ctx, self.rules.name)) - 1
        self.call.write("queued", queue=self.rules.name, ahead=ahead)
        if ahead >= self.rules.max_waiting:
            self._leave(Result.FULL)
        elif not self._anybody():
            self._leave(Result.EMPTY)
        else:
            self._play = self.call.play(("please_wait",))
            if not self._play:
                self._music()

    def _anybody(self) -> bool:
        return any(self.ctx.agents.present(agent) for agent in self.rules.members)

    def _music(self) -> None:
        self.call.play((self.rules.music,), loop=True)

    def on_play_ended(self, fact: PlayEnded) -> None:
        """The sentence is over: music until somebody answers."""
        if fact.play == self._play and self._confirm_at is None:
            self._music()

    def moved(self) -> None:
        """Somebody else waits now, or the one who lifted has hung up."""
        self._music()

    # ------------------------------------------------------------------ giving out

    def distribute(self) -> None:
        """Ring every agent that may ring for this caller now."""
        if self._confirm_at is not None:
            return
        if not self._anybody():
            self._leave(Result.EMPTY)
        elif all(agent in self._refused for agent in self._present()) and not self.rings:
            self._leave(Result.TIMEOUT)
        elif self.rules.strategy == ROUND_ROBIN:
            self._ring_next()
        else:
            for agent in self.rules.members:
                if self._eligible(agent):
                    self._ring(agent, None)

    def _present(self) -> list[str]:
        return [agent for agent in self.rules.members if self.ctx.agents.present(agent)]

    def _ring_next(self) -> None:
        if self.rings:
            return
        for agent in _after(self.rules.members, self.ctx.last_agent.get(self.rules.name, "")):
            if self._eligible(agent):
                self.ctx.last_agent[self.rules.name] = agent
                self._ring(agent, self.ctx.now.mono_s + self.rules.answer_time_s)
                return

    def _eligible(self, agent: str) -> bool:
        if agent in self._refused or agent in self.rings.extensions():
            return False
        if self._retry_at.get(agent, 0.0) > self.ctx.now.mono_s:
            return False
        why = self.ctx.agents.why_not_offered(agent)
        if why and (agent, why) not in self._skipped:
            self._skipped.add((agent, why))
            self.call.write("skipped", extension=agent, why=why)
        return not why

    def _ring(self, agent: str, until: float | None) -> None:
        for line in self.ctx.agents.free_lines(agent):
            self.rings.start(agent, line, self.call.party().ring_class, until)

    # ------------------------------------------------------------------ answers

    def on_answered(self, leg: Leg) -> None:
        """An agent lifted; one who is too late is let go."""
        if self._confirm_at is not None:
            self.rings.end(leg, "answered-elsewhere")
            self.ctx.release(leg, Cause.ANSWERED_ELSEWHERE)
            return
        self.rings.end(leg, "answered")
        self.take(leg)

    def take(self, leg: Leg) -> None:
        """Let the caller talk to who answered or picked up."""
        self._confirm_at = self.ctx.now.mono_s + CONFIRM_S
        waited = round(self.ctx.now.mono_s - self.entered, 3)
        self.call.connect(leg, queue=self.rules.name, waited=waited)
        if not self.rings:
            self.confirm()

    def confirm(self) -> None:
        """The answer is certain; the agent's rest after this talk is due."""
        if self._confirm_at is None:
            return
        self.rings.stop("answered-elsewhere", Cause.ANSWERED_ELSEWHERE)
        peer = self.call.peer
        if peer is not None and self.rules.wrap_up_s > 0:
            peer.wrap_up_s = self.rules.wrap_up_s
            self.call.tag(peer)
        self.finish(Result.ANSWERED)

    def on_peer_lost(self, leg: Leg) -> bool:
        """Lifted and put down at once: the others ring on."""
        self._confirm_at = None
        self._retry_at[leg.owner] = self.ctx.now.mono_s + RETRY_S
        self.call.disconnect()
        self.call.write("answer-lost", extension=leg.owner, line=leg.line)
        self._music()
        return True

    def on_leg_ended(self, leg: Leg, cause: Cause) -> None:
        """A telephone stopped ringing by itself."""
        why = why_not(cause)
        ring = self.rings.end(leg, why)
        if ring is None:
            return
        if cause is Cause.REJECTED:
            self._refused.add(ring.extension)
        pause = UNREACHABLE_RETRY_S if why == "unreachable" else RETRY_S
        if leg.line not in self.ctx.off_hook:
            self._retry_at[ring.extension] = self.ctx.now.mono_s + pause
        if not self.rings and self._confirm_at is not None:
            self.confirm()

    # ------------------------------------------------------------------ time

    def on_timer(self) -> None:
        """An answer is certain, an agent let it ring, or the caller has waited long enough."""
        now = self.ctx.now.mono_s
        if self._confirm_at is not None:
            if now >= self._confirm_at:
                self.confirm()
            return
        for ring in self.rings.all():
            if ring.until is not None and now >= ring.until:
                self._unanswered(ring)
        if now >= self._ends_at:
            self._leave(Result.TIMEOUT)

    def _unanswered(self, ring: Ring) -> None:
        self._retry_at[ring.extension] = self.ctx.now.mono_s + RETRY_S
        self.rings.release(ring, "no-answer", Cause.NO_ANSWER)

    def next_timeout(self) -> float | None:
        """The nearest of everything that is awaited."""
        if self._confirm_at is not None:
            return self._confirm_at
        now = self.ctx.now.mono_s
        times = [self._ends_at]
        times += [ring.until for ring in self.rings.all() if ring.until is not None]
        times += [time for time in self._retry_at.values() if time > now]
        rests = (self.ctx.agents.resting_until(agent) for agent in self.rules.members)
        times += [rest for rest in rests if rest is not None]
        return min(times)

    # ------------------------------------------------------------------ going out

    def _leave(self, result: Result) -> None:
        self.rings.stop("timeout", Cause.NO_ANSWER)
        self._write_left(result.name.lower())
        self.finish(result)

    def hand_over(self, call: Call) -> None:
        """Wait on for another call, in the same place."""
        self._write_left("transferred")
        self.call = call
        self.rings.hand_over(call)
        ahead = sum(other.entered < self.entered for other in waiting(self.ctx, self.rules.name))
        call.write("queued", queue=self.rules.name, ahead=ahead)

    def stop(self, why: str) -> None:
        """Nobody waits any more."""
        self.rings.stop(why)
        self._write_left(why)

    def _write_left(self, why: str) -> None:
        seconds = round(self.ctx.now.mono_s - self.entered, 3)
        self.call.write("left-queue", queue=self.rules.name, seconds=seconds, why=why)


def waiting(ctx: Context, queue: str = "") -> list[QueueWait]:
    """Callers that wait (in one queue), oldest first."""
    tops = (call.top for call in ctx.calls.values())
    waits = [top for top in tops if isinstance(top, QueueWait)]
    return sorted(
        (wait for wait in waits if queue in ("", wait.rules.name)), key=lambda wait: wait.entered
    )


def distribute(ctx: Context) -> None:
    """Give waiting callers to free agents."""
    for wait in waiting(ctx):
        if wait.call.top is wait:
            wait.distribute()


def _after(members: tuple[str, ...], last: str) -> tuple[str, ...]:
    """Members in turn, beginning behind the one who was last."""
    if last not in members:
        return members
    cut = members.index(last) + 1
    return members[cut:] + members[:cut]
