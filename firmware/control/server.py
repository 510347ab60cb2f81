# SPDX-License-Identifier: GPL-2.0-or-later
"""The door of the control API: HTTP on a Unix socket that its owner and group may open."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from aiohttp import web

from firmware.control import protocol
from firmware.errors import ConfigError, HardwareError
from firmware.values import CallId

CHANGE_INTERVAL_S = 0.2  # a console on a serial line cannot show more
SHUTDOWN_S = 1.0  # for answers under way; streams are ended at once
MODE = 0o660  # of the socket


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
        self._streams: set[asyncio.Task[Any]] = set()  # of :meth:`_changes`
        self._closing = False

    @asynccontextmanager
    async def serve(self, path: Path) -> AsyncIterator[None]:
        """Listen on a Unix socket while the context lasts.

        The socket of an exchange that was killed is replaced. ConfigError when one is alive
        behind it, when the path is something else, or cannot be listened on.
        """
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            shutdown_timeout=SHUTDOWN_S,
            handler_cancellation=True,  # a console that goes away leaves no stream behind
        )
        await runner.setup()
        try:
            await _listen(runner, path)
            try:
                yield
            finally:
                _clear(path)
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_in_sentences])
        application.on_shutdown.append(self._end_streams)
        application.add_routes(
            [
                web.get(protocol.STATUS, self._status),
                web.get(protocol.RECORDS, self._records),
                web.get(protocol.CHANGES, self._changes),
                web.post(protocol.HANG_UP, self._hang_up),
            ]
        )
        return application

    async def _end_streams(self, application: web.Application) -> None:
        """Consoles are told that the exchange ends; it does not wait for them."""
        self._closing = True
        for stream in self._streams:
            stream.cancel()

    async def _status(self, request: web.Request) -> web.Response:
        return _json(self._backend.status())

    async def _records(self, request: web.Request) -> web.Response:
        text = request.query.get("limit", "20")
        if not text.isdecimal() or not 0 < int(text[:9]) <= protocol.MOST_RECORDS:
            sentence = f"limit must be a number from 1 to {protocol.MOST_RECORDS}, not {text!r}."
            raise web.HTTPBadRequest(text=sentence)
        return _json(await self._backend.records(int(text)))

    async def _hang_up(self, request: web.Request) -> web.Response:
        self._backend.hang_up(CallId(request.match_info["call"]))
        return web.Response(status=204)

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        stream = cast("asyncio.Task[Any]", asyncio.current_task())
        self._streams.add(stream)
        try:
            await self._tell_changes(response)
        except asyncio.CancelledError:
            if not self._closing:
                raise
        except ConnectionError:
            pass  # the console has gone
        finally:
            self._streams.discard(stream)
        return response

    async def _tell_changes(self, response: web.StreamResponse) -> None:
        while True:
            changed = self._backend.changed()
            await response.write(protocol.encode(self._backend.status()) + b"\n")
            await changed.wait()
            await asyncio.sleep(CHANGE_INTERVAL_S)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _in_sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What HTTP answers by itself, for the person who wrote the request."""
    try:
        return await handler(request)
    except HardwareError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None
    except web.HTTPNotFound:
        text = f"The control API has no {request.path}; docs/console.md lists what it has."
        raise web.HTTPNotFound(text=text) from None
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        text = f"{request.path} takes {allowed}, not {request.method}."
        raise web.HTTPMethodNotAllowed(request.method, error.allowed_methods, text=text) from None


async def _listen(runner: web.AppRunner, path: Path) -> None:
    try:
        _make_room(path)
        await web.UnixSite(runner, str(path)).start()
        os.chmod(path, MODE)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"The control API cannot listen on {path}: {reason}.") from None


def _make_room(path: Path) -> None:
    """Take away the socket that a killed exchange left; never one that somebody answers on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    if not path.is_socket():
        raise ConfigError(f"The control API cannot listen on {path}: it is no socket.")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise ConfigError(f"Another exchange answers on {path}; stop it first.")
    _clear(path)


def _clear(path: Path) -> None:
    path.unlink(missing_ok=True)


def _json(answer: object) -> web.Response:
    return web.Response(body=protocol.encode(answer), content_type="application/json")
