# SPDX-License-Identifier: GPL-2.0-or-later
"""The board's control socket: newline JSON, many orders at a time on one connection.

Request ``{"id", "port", "order", "arguments"}``, reply ``{"id", "result"}`` or
``{"id", "kind", "error"}`` with kind "timeout" or "refused" and a sentence. Orders that wait run as
tasks of their connection and end with it.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from board.sim.party import OrderError

MAX_LINE_BYTES = 1 << 20

Perform = Callable[[str, str, dict[str, Any]], Awaitable[Any]]


class ControlSocket:
    """Serves any number of clients."""

    def __init__(self, path: Path, perform: Perform) -> None:
        self._path = path
        self._perform = perform
        self._server: asyncio.Server | None = None
        self._orders: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, str(self._path), limit=MAX_LINE_BYTES
        )

    async def stop(self) -> None:
        """Stop listening and end what is under way."""
        if self._server:
            self._server.close()
        for task in list(self._orders):
            task.cancel()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._answer(line, writer))
                for tasks in (own, self._orders):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        except ConnectionError:
            pass  # the client ended in the middle of a line
        finally:
            for task in list(own):
                task.cancel()
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        reply: dict[str, Any] = {"id": 0}
        try:
            request = json.loads(line)
            reply["id"] = request["id"]
            reply["result"] = await self._perform(
                request["port"], request["order"], request.get("arguments", {})
            )
        except TimeoutError as error:
            reply |= {"kind": "timeout", "error": str(error) or "it did not end in time"}
        except (OrderError, ValueError, TypeError, KeyError, OSError) as error:
            reply |= {"kind": "refused", "error": f"{error}"}
        except Exception:
            traceback.print_exc()
            reply |= {"kind": "refused", "error": "a fault in the board; see its sim.log"}
        if not writer.is_closing():
            writer.write(json.dumps(reply).encode() + b"\n")
