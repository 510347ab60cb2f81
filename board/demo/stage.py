# SPDX-License-Identifier: GPL-2.0-or-later
"""A stage: the simulated board, a media host and an exchange, each its own process.

Everything lives in one run directory: sockets, office file, records, messages and logs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from board.demo.office import Devices, in_country, staged
from board.sim.client import BoardError, SimulatedBoard
from board.sim.peers.baresip import SipPhones
from board.sim.peers.ports import LOOPBACK, free_ports
from board.sim.peers.sipp import Provider
from firmware.control.client import ControlClient
from firmware.values import LineId

PROJECT = Path(__file__).resolve().parents[2]
PROVIDER_HOST = "127.0.0.2"
READY_S = 20.0
STOP_S = 5.0
QUIET_S = 3.0  # guard times and busy tones run out

T = TypeVar("T")


class StageError(Exception):
    """A process of the stage did not do what it must."""


class Stage:
    """A running office."""

    def __init__(
        self,
        run_dir: Path,
        office: str,
        at: datetime,
        board: SimulatedBoard,
        changes: Mapping[str, str],
    ) -> None:
        self.run_dir = run_dir
        self.board = board
        self.sip_address = f"{LOOPBACK}:{free_ports(2)[0]}"
        self.provider_port = free_ports(2)[0]
        self.control = ControlClient(run_dir / "control.sock")
        self._office = run_dir / f"{office}.toml"
        self._at = at
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        devices = Devices(
            board.serial_path,
            board.alsa_device,
            self.sip_address,
            PROVIDER_HOST,
            self.provider_port,
        )
        self._office.write_text(staged(office, devices, changes), encoding="utf-8")

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        run_dir: Path,
        office: str,
        at: datetime,
        country: str = "UA",
        changes: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Stage]:
        """Start everything, wait until every line is in service, stop everything at the end.

        ``country`` is the board's and the office's; ``changes`` as `board.demo.office.staged`.
        """
        _make(run_dir)
        async with SimulatedBoard.start(run_dir / "board", country=country) as board:
            stage = cls(run_dir, office, at, board, in_country(country) | dict(changes or {}))
            try:
                await stage.start_media()
                await stage.start_exchange()
                yield stage
            finally:
                await stage.close()

    # ------------------------------------------------------------------ processes

    async def start_media(self) -> None:
        """Start the media host on the board's sound stream."""
        arguments = ["--socket", str(self._media_socket)]
        arguments += ["--card", self.board.alsa_device, "--channels", str(self.board.channels)]
        arguments += ["--rtp-host", LOOPBACK]
        await self._start("media", arguments, self.board.alsa_environment())

    async def start_exchange(self) -> None:
        """Start the exchange and wait until its card and media host are there."""
        arguments = [str(self._office), "--media-socket", str(self._media_socket)]
        arguments += ["--data", str(self.run_dir / "data")]
        arguments += ["--control", str(self.run_dir / "control.sock")]
        arguments += ["--wall-clock", self._at.isoformat()]
        await self._start("exchange", arguments)
        await self.until(self._in_service, READY_S, "every line in service")

    async def kill_exchange(self) -> None:
        """SIGKILL: no goodbye of any kind."""
        await self._kill("exchange")

    async def kill_media(self) -> None:
        """SIGKILL: every sound ends at once."""
        await self._kill("media")

    async def _kill(self, name: str) -> None:
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    def pid(self, name: str) -> int:
        """Process id of ``media`` or ``exchange``."""
        return self._processes[name].pid

    async def close(self) -> None:
        """Stop the exchange, then the media host."""
        await self.control.close()
        for name in ("exchange", "media"):
            process = self._processes.pop(name, None)
            if process is not None:
                await _stop(process)

    async def _start(
        self, name: str, arguments: list[str], environment: dict[str, str] | None = None
    ) -> None:
        with (self.run_dir / f"{name}.log").open("ab") as log:
            self._processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "firmware", name, *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | (environment or {}), cwd=PROJECT,
            )  # fmt: skip

    @property
    def office(self) -> Path:
        """The office file as it runs."""
        return self._office

    @property
    def _media_socket(self) -> Path:
        return self.run_dir / "media.sock"

    async def _in_service(self) -> bool:
        self._check_alive()
        try:
            status = await self.control.status()
        except OSError:
            return False
        analog = [line for line in status.lines if line.kind in ("fxs", "fxo")]
        return status.media_up and all(line.state != "out of service" for line in analog)

    def _check_alive(self) -> None:
        for name, process in self._processes.items():
            if process.returncode is not None:
                log = self.run_dir / f"{name}.log"
                tail = log.read_text(errors="replace")[-2000:]
                raise StageError(f"{name} ended with status {process.returncode}:\n{tail}")

    # ------------------------------------------------------------------ people around it

    @asynccontextmanager
    async def sip_phones(self, *extensions: str) -> AsyncIterator[SipPhones]:
        """Independent SIP phones for these people, registered with digest."""
        folder = self.run_dir / f"phones-{'-'.join(extensions[:2])}"
        _make(folder)
        passwords = {extension: f"office-{extension}" for extension in extensions}
        async with SipPhones.start(folder, self.sip_address, passwords) as phones:
            await self.until(
                lambda: self._registered(extensions), READY_S, f"phones {extensions} registered"
            )
            yield phones

    async def _registered(self, extensions: tuple[str, ...]) -> bool:
        lines = {line.line: line.state for line in (await self.control.status()).lines}
        return all(lines[LineId(f"sip:{extension}")] == "idle" for extension in extensions)

    def provider(self) -> Provider:
        """The SIP provider at the other end of the trunk."""
        folder = self.run_dir / "provider"
        return Provider(folder, PROVIDER_HOST, self.provider_port, self.sip_address)

    # ------------------------------------------------------------------ looking at it

    async def until(
        self, condition: Callable[[], Any], timeout_s: float, what: str, every_s: float = 0.05
    ) -> Any:
        """Wait for an asynchronous condition; returns its first true value."""
        end = asyncio.get_running_loop().time() + timeout_s
        while not (value := await condition()):
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"not within {timeout_s:.0f} s: {what}")
            await asyncio.sleep(every_s)
        return value

    async def records(self) -> list[dict[str, Any]]:
        """Records of ended calls, newest first."""
        return await self.control.records(50)

    async def next_record(self, known: int, timeout_s: float = 5.0) -> dict[str, Any]:
        """The record of the call that ended after there were ``known`` records."""

        async def newer() -> dict[str, Any] | None:
            records = await self.records()
            return records[-known - 1] if len(records) > known else None

        record: dict[str, Any] = await self.until(newer, timeout_s, "a new call record")
        return record

    async def calls_in_talk(self) -> int:
        """How many calls have two parties talking."""
        return sum(call.state == "talk" for call in (await self.control.status()).calls)

    async def quieten(self) -> None:
        """After a scenario that went wrong: put every handset down, end every call."""
        for number in range(1, 9):
            await self.board.phone(f"FXS{number}").hang_up()
        for number in range(1, 5):
            line = self.board.exchange_line(f"FXO{number}")
            with contextlib.suppress(BoardError):
                await line.hang_up("loop-drop")
            with contextlib.suppress(BoardError):
                await line.stop_calling()
        with contextlib.suppress(OSError):
            for call in (await self.control.status()).calls:
                await self.control.hang_up(call.id)
        await asyncio.sleep(QUIET_S)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
