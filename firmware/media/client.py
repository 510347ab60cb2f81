# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange's end of the media socket: sends orders, hands over facts, connects again.

Runs in the exchange's event loop; no other thread. Facts are given to ``on_fact`` in the order they
came. The first one after each connection is MediaUp with the legs the host holds; MediaDown
tells that the connection is lost (the host may be gone, and all audio with it).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from firmware.effects import OpenCard, OpenRtp
from firmware.errors import LocalError, PeerError
from firmware.events import MediaDown, MediaFact
from firmware.media.protocol import (
    EngineFigures,
    GetSnapshot,
    LegFigures,
    MediaCommand,
    MediaEvent,
    MediaSnapshot,
    event_lines,
    failure,
)
from firmware.wire import encode

__all__ = ["EngineFigures", "LegFigures", "MediaClient", "MediaSnapshot"]

RETRY_S = 0.2  # between attempts: a restarted host should not cost a caller more than a blink
MISSING_AFTER = 10  # attempts before the host counts as missing and not as just starting
READ_BYTES = 65536
MAX_UNSENT_BYTES = 4 * 1024 * 1024  # a host that reads nothing for so long is stuck

log = logging.getLogger(__name__)

OnFact = Callable[[MediaFact], None]


class MediaClient:
    """Keeps one connection to the media host at ``path``; run() is its only task."""

    def __init__(self, path: str, on_fact: OnFact, retry_s: float = RETRY_S) -> None:
        self._path = path
        self._on_fact = on_fact
        self._retry_s = retry_s
        self._writer: asyncio.StreamWriter | None = None
        self._up = asyncio.Event()
        self._request = 0
        self._snapshots: dict[int, asyncio.Future[MediaSnapshot]] = {}

    @property
    def connected(self) -> bool:
        """Whether orders reach the host now."""
        return self._writer is not None

    async def wait_connected(self) -> None:
        """Return once the host has been reached."""
        await self._up.wait()

    async def run(self) -> None:
        """Connect, read, connect again; until cancelled. Does not raise for a missing host."""
        failures = 0
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:  # not there yet, or just restarting
                failures += 1
                if failures == MISSING_AFTER:
                    self._on_fact(MediaDown(f"nobody listens on {self._path}; start tipring media"))
                await asyncio.sleep(self._retry_s)
                continue
            failures = 0
            await self._serve(reader, writer)
            await asyncio.sleep(self._retry_s)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._up.set()
        reason = "The media host closed its socket."
        try:
            await self._read(reader)
        except OSError as error:
            reason = f"The media socket {self._path} failed: {error}."
        finally:
            self._disconnect(writer)
        self._on_fact(MediaDown(reason))

    def _disconnect(self, writer: asyncio.StreamWriter) -> None:
        self._writer = None
        self._up.clear()
        writer.transport.abort()
        for waiting in self._snapshots.values():
            waiting.cancel()
        self._snapshots.clear()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        lines = event_lines()
        while data := await reader.read(READ_BYTES):
            for event in lines.feed(data):
                self._deliver(event)

    def _deliver(self, event: MediaEvent | PeerError) -> None:
        if isinstance(event, PeerError):
            log.error("media host: %s", event)
        elif isinstance(event, MediaSnapshot):
            waiting = self._snapshots.pop(event.request, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(event)
        else:
            self._on_fact(event)

    def send(self, order: MediaCommand) -> None:
        """Send one order; never blocks. Without a host it is dropped (MediaDown was told), but
        for those that open a leg: MediaFailed follows through on_fact."""
        if self._writer is None:
            if isinstance(order, OpenCard | OpenRtp):
                lost = failure(order, "The media host cannot be reached.")
                asyncio.get_running_loop().call_soon(self._on_fact, lost)
            return
        self._writer.write(encode(order))
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.error("media host does not read its socket; connecting again")
            self._writer.transport.abort()

    async def snapshot(self, timeout_s: float = 2.0) -> MediaSnapshot:
        """The engine's figures. LocalError when the host is away or does not answer in time."""
        self._request += 1
        waiting: asyncio.Future[MediaSnapshot] = asyncio.get_running_loop().create_future()
        if self._writer is None:
            raise LocalError("The media host cannot be reached.")
        self._snapshots[self._request] = waiting
        self.send(GetSnapshot(self._request))
        done, _ = await asyncio.wait({waiting}, timeout=timeout_s)
        if not done or waiting.cancelled():
            self._snapshots.pop(self._request, None)
            waiting.cancel()
            raise LocalError("The media host did not answer; look at its log.")
        return waiting.result()
