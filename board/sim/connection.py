# SPDX-License-Identifier: GPL-2.0-or-later
"""The client's way to the simulated board: starting its process, and its control socket."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys
from pathlib import Path
from typing import Any, Self

START_TIMEOUT_S = 20.0  # python, numpy and the first start of MicroPython on a busy machine
STOP_TIMEOUT_S = 5.0
LONGEST_ORDER_S = 120.0  # for orders without a timeout of their own
REPLY_GRACE_S = 10.0  # beyond the wait's own timeout, before the board counts as hung
MAX_LINE_BYTES = 1 << 20


class BoardError(Exception):
    """The simulated board refused an order; the sentence says why."""


class Connection:
    """Requests and replies over the control socket; any number may be under way."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, run_dir: Path
    ) -> None:
        self.sound_dir = run_dir / "sound"
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read(reader), name="board client")

    @classmethod
    async def open(cls, run_dir: Path) -> Self:
        """Connect to the board of ``run_dir``."""
        path = str(run_dir / "sim.sock")
        reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
        return cls(reader, writer, run_dir)

    async def ask(self, port: str, order: str, **arguments: Any) -> Any:
        """Send one order to a port ("" is the board) and wait for its result."""
        if self._reading.done():
            raise BoardError("the simulated board has ended")
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        request = {"id": number, "port": port, "order": order, "arguments": arguments}
        self._writer.write(json.dumps(request).encode() + b"\n")
        limit_s = float(arguments.get("timeout_s", LONGEST_ORDER_S)) + REPLY_GRACE_S
        try:
            return await asyncio.wait_for(future, limit_s)
        finally:
            self._waiting.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take_reply(json.loads(line))
        except ConnectionError:
            pass  # it was killed: the same as its end
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(BoardError("the simulated board has ended"))

    def _take_reply(self, reply: dict[str, Any]) -> None:
        future = self._waiting.get(reply["id"])
        if future is None or future.done():
            return
        if "error" not in reply:
            future.set_result(reply["result"])
        elif reply["kind"] == "timeout":
            future.set_exception(TimeoutError(reply["error"]))
        else:
            future.set_exception(BoardError(reply["error"]))

    async def close(self) -> None:
        """Close the socket; the board goes on."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


def existing_folder(path: Path | str) -> Path:
    """The folder, absolute and existing."""
    path = Path(path).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


async def start_process(
    run_dir: Path, country: str, ppm: float, firmware: bool
) -> asyncio.subprocess.Process:
    """Start ``python -m board.sim`` and wait for its line "ready"."""
    arguments = ["-m", "board.sim", "--until-eof", "--dir", str(run_dir)]
    arguments += ["--country", country, f"--ppm={ppm}"]
    if not firmware:
        arguments.append("--no-firmware")
    with (run_dir / "sim.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).parents[2],
        )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
    except TimeoutError:
        line = b""
    if line.strip() != b"ready":
        await stop_process(process)
        raise BoardError(f"the simulated board did not start; see {run_dir / 'sim.log'}")
    return process


async def stop_process(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, then make it."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
    transport = process._transport  # type: ignore[attr-defined]
    transport.close()
