# SPDX-License-Identifier: GPL-2.0-or-later
"""The door of the control API: HTTP on a Unix socket that only its owner may open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from firmware.control import protocol
from firmware.values import CallId

CHANGE_INTERVAL_S = 0.2  # a console on a serial line cannot show more
SHUTDOWN_S = 1.0


class Backend(Protocol):
    """What the exchange offers to its consoles."""

    def status(self) -> protocol.Status:
        """The box now."""
        ...

    def hang_up(self, call: CallId) -> None:
        """End a call."""
        ...

    async def records(self, limit: int) -> list[Any]:
        """Records of ended calls, newest first."""
        ...

    def changed(self) -> asyncio.Event:
        """Set after every change; a fresh event each time it was set."""
        ...


class ControlServer:
    """Handlers of the API."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @asynccontextmanager
    async def serve(self, path: Path) -> AsyncIterator[None]:
        """Listen on a Unix socket while the context lasts; an old socket file is replaced."""
        _clear(path)
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            await web.UnixSite(runner, str(path)).start()
            os.chmod(path, 0o660)
            yield
        finally:
            await runner.cleanup()
            _clear(path)

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.get(protocol.STATUS, self._status),
                web.get(protocol.RECORDS, self._records),
                web.get(protocol.CHANGES, self._changes),
                web.post(protocol.HANG_UP, self._hang_up),
            ]
        )
        return application

    async def _status(self, request: web.Request) -> web.Response:
        return _json(self._backend.status())

    async def _records(self, request: web.Request) -> web.Response:
        text = request.query.get("limit", "20")
        if not text.isdigit() or not 0 < int(text) <= protocol.MOST_RECORDS:
            sentence = f"limit must be a number from 1 to {protocol.MOST_RECORDS}, not {text!r}"
            raise web.HTTPBadRequest(text=sentence)
        return _json(await self._backend.records(int(text)))

    async def _hang_up(self, request: web.Request) -> web.Response:
        self._backend.hang_up(CallId(request.match_info["call"]))
        return web.Response(status=204)

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        while True:
            changed = self._backend.changed()
            await response.write(protocol.encode(self._backend.status()) + b"\n")
            await changed.wait()
            await asyncio.sleep(CHANGE_INTERVAL_S)


def _clear(path: Path) -> None:
    """Make room for the socket; a file there is left over from a run that was killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def _json(answer: object) -> web.Response:
    return web.Response(body=protocol.encode(answer), content_type="application/json")
