# SPDX-License-Identifier: GPL-2.0-or-later
"""One test's view of the stage: its telephones, its new records, and the state it must leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from board.demo.scenarios import MONDAY, SUNDAY
from board.demo.stage import Stage
from board.sim.client import ExchangeLine, Telephone
from firmware.control.protocol import Status
from firmware.views import LineView

__all__ = ["LONG_S", "MONDAY", "SUNDAY", "Scene"]

LONG_S = 30.0  # for what takes a second on an idle machine
LOGS = ("exchange", "media")
MARKS = (" ERROR ", " CRITICAL ", "Traceback")
IDLE_STATES = ("idle", "out of service")
LINE_KINDS = ("fxs", "fxo")


class Scene:
    """A stage during one test."""

    def __init__(self, stage: Stage, known: int, wall: datetime) -> None:
        self.stage = stage
        self.wall = wall
        self._known = known
        self._expected: list[str] = []
        self._out_of_service: set[str] = set()
        self._read = {name: len(self._log(name)) for name in LOGS}

    @classmethod
    async def at_rest(cls, stage: Stage) -> Scene:
        """Begin a test: count the records there are, and the log so far."""
        status = await stage.control.status()
        return cls(stage, len(await stage.records()), status.wall)

    def phone(self, number: int) -> Telephone:
        """The telephone on FXS ``number``, extension 100 + ``number``."""
        return self.stage.board.phone(f"FXS{number}")

    def line(self, number: int) -> ExchangeLine:
        """The exchange line on FXO ``number``."""
        return self.stage.board.exchange_line(f"FXO{number}")

    # ------------------------------------------------------------------ calls

    async def talk_inside(self, caller: int, called: int) -> tuple[Telephone, Telephone]:
        """One analog telephone calls another, which answers."""
        first, second = self.phone(caller), self.phone(called)
        await first.lift()
        await first.wait_hears("dial", LONG_S)
        await first.dial(str(100 + called))
        await second.wait_ringing(LONG_S)
        await second.lift()
        await self.talks(1)
        return first, second

    async def talks(self, count: int) -> None:
        """Wait until so many calls have two parties talking."""

        async def talking() -> bool:
            return await self.stage.calls_in_talk() == count

        await self.until(talking, f"{count} calls in talk")

    async def records(self, count: int) -> list[dict[str, Any]]:
        """The records of this test's calls, oldest first, once there are ``count``."""

        async def enough() -> list[dict[str, Any]]:
            found = await self.stage.records()
            new = found[: len(found) - self._known]
            return new[::-1] if len(new) >= count else []

        found: list[dict[str, Any]] = await self.until(enough, f"{count} records")
        return found

    # ------------------------------------------------------------------ the box

    async def until(
        self, condition: Callable[[], Any], what: str, timeout_s: float = LONG_S
    ) -> Any:
        """Wait for an asynchronous condition; its first true value."""
        return await self.stage.until(condition, timeout_s, what, every_s=0.1)

    async def status(self) -> Status:
        """The box now."""
        return await self.stage.control.status()

    async def alarm(self, key: str) -> str:
        """Wait for an alarm; its text."""

        async def standing() -> str:
            alarms = {alarm.key: alarm.text for alarm in (await self.status()).alarms}
            return alarms.get(key, "")

        return str(await self.until(standing, f"alarm {key}"))

    async def no_alarm(self, key: str = "") -> None:
        """Wait until an alarm, or every one, is cleared."""

        async def cleared() -> bool:
            alarms = [alarm.key for alarm in (await self.status()).alarms]
            return key not in alarms if key else not alarms

        await self.until(cleared, f"no alarm {key}")

    async def analog(self) -> list[LineView]:
        """All lines of the card."""
        return [line for line in (await self.status()).lines if line.kind in LINE_KINDS]

    async def line_is(self, name: str, state: str) -> None:
        """Wait until a line is in this state."""

        async def there() -> bool:
            return {line.line: line.state for line in (await self.status()).lines}[name] == state

        await self.until(there, f"{name} {state}")

    # ------------------------------------------------------------------ the end of the test

    def expect_in_log(self, *texts: str) -> None:
        """Errors with one of these texts are what the test is about."""
        self._expected += texts

    def expect_out_of_service(self, *lines: str) -> None:
        """These lines stay out of service at the end of the test."""
        self._out_of_service |= set(lines)

    async def clear(self) -> None:
        """Put every handset down and end every outside call, also after a failure."""
        for number in range(1, 9):
            phone = self.phone(number)
            if await phone.off_hook():
                await phone.hang_up()
        for number in range(1, 5):
            line = self.line(number)
            state = await line.state()
            if state in ("ringing", "offered"):
                await line.stop_calling()
            elif state == "talking":
                await line.hang_up("loop-drop")

    async def check(self) -> None:
        """No call, no busy line, no unexpected error is left."""

        async def at_rest() -> bool:
            return not await self._unrest()

        try:
            await self.until(at_rest, "the box at rest")
        except TimeoutError:
            raise AssertionError(f"left behind: {await self._unrest()}") from None
        assert not (errors := self._errors()), errors

    async def _unrest(self) -> Sequence[object]:
        status = await self.status()
        wrong = [line for line in status.lines if self._is_wrong(line)]
        return [*status.calls, *wrong]

    def _is_wrong(self, line: LineView) -> bool:
        if line.line in self._out_of_service:
            return line.state != "out of service"
        allowed = IDLE_STATES if line.kind not in LINE_KINDS else ("idle",)
        return line.state not in allowed or line.legs != 0

    def _errors(self) -> list[str]:
        found = []
        for name in LOGS:
            for line in self._log(name)[self._read[name] :].splitlines():
                bad = any(mark in line for mark in MARKS)
                if bad and not any(text in line for text in self._expected):
                    found.append(f"{name}: {line}")
        return found

    def _log(self, name: str) -> str:
        path = self.stage.run_dir / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


async def settle(seconds: float) -> None:
    """Let a hangover pass that no status shows, such as the time that tells flash from hang-up."""
    await asyncio.sleep(seconds)
