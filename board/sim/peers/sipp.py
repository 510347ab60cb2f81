# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider of SIP trunks: SIPp brings callers in and takes calls out.

SIPp sends back every RTP packet that it gets (``-rtp_echo``), so whoever talks to it hears
himself: sound has gone both ways.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from board.sim.peers.ports import free_ports

SCENARIOS = Path(__file__).parent / "sipp"
END_S = 5.0


class ProviderCall:
    """One SIPp process that handles one call."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, name: str) -> None:
        self._process = process
        self._folder = folder
        self._name = name

    async def finished(self, timeout_s: float) -> bool:
        """Whether the call went as its scenario says; waits for its end."""
        await asyncio.wait_for(self._process.wait(), timeout_s)
        return self._process.returncode == 0

    async def dialled(self, timeout_s: float = 10.0) -> str:
        """Number that the exchange sent to the provider (callee only)."""
        end = asyncio.get_running_loop().time() + timeout_s
        log = self._folder / f"{self._name}.calls.log"
        while asyncio.get_running_loop().time() < end:
            text = log.read_text() if log.exists() else ""
            if found := re.search(r"dialled (\S+)", text):
                return found[1]
            await asyncio.sleep(0.05)
        raise TimeoutError(f"the provider got no call within {timeout_s:.0f} s")


class Provider:
    """Addresses of a provider and of the exchange it serves."""

    def __init__(self, folder: Path, host: str, port: int, server: str) -> None:
        self._folder = folder
        self._host = host
        self._port = port
        self._server = server
        folder.mkdir(parents=True, exist_ok=True)

    @asynccontextmanager
    async def caller(self, number: str, name: str, called: str) -> AsyncIterator[ProviderCall]:
        """A caller from outside who talks until the office hangs up."""
        arguments = [
            self._server, "-s", called,
            "-key", "caller_number", number, "-key", "caller_name", name,
        ]  # fmt: skip
        async with self._run("caller", arguments) as call:
            yield call

    @asynccontextmanager
    async def callee(self, ring_s: float = 1.0) -> AsyncIterator[ProviderCall]:
        """Somebody outside who answers after ``ring_s``."""
        async with self._run("callee", ["-d", str(round(ring_s * 1000))]) as call:
            yield call

    @asynccontextmanager
    async def _run(self, name: str, arguments: list[str]) -> AsyncIterator[ProviderCall]:
        base = self._folder / f"{name}"
        command = [
            "sipp", *arguments, "-sf", str(SCENARIOS / f"{name}.xml"), "-m", "1", "-nostdin",
            "-i", self._host, "-p", str(self._port), "-mi", self._host,
            "-mp", str(free_ports(4)[0]), "-rtp_echo", "-timeout", "120",
            "-trace_err", "-error_file", f"{base}.errors.log",
            "-trace_logs", "-log_file", f"{base}.calls.log",
        ]  # fmt: skip
        (self._folder / f"{name}.calls.log").unlink(missing_ok=True)
        with base.with_suffix(".out").open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out
            )
        try:
            yield ProviderCall(process, self._folder, name)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), END_S)
