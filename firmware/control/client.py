# SPDX-License-Identifier: GPL-2.0-or-later
"""The other side of the control API: for the console, the command line and the demo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from firmware.control import protocol
from firmware.errors import PeerError
from firmware.values import CallId

TIMEOUT = aiohttp.ClientTimeout(total=10.0)
NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
MAX_LINE = 1 << 22  # a status of a full box is some 20 kB


class ControlClient:
    """A connection to the exchange that listens on ``path``.

    Every question raises OSError while nobody answers there and PeerError when the exchange
    refuses or speaks another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *unused: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close; the client may be used again afterwards."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def status(self) -> protocol.Status:
        """The box now."""
        return protocol.decode_status(await self._get(protocol.STATUS))

    async def records(self, limit: int = 20) -> list[dict[str, Any]]:
        """Records of ended calls, newest first."""
        return protocol.decode_records(await self._get(f"{protocol.RECORDS}?limit={limit}"))

    async def hang_up(self, call: CallId) -> None:
        """End a call."""
        url = "http://tipring" + protocol.HANG_UP.format(call=quote(call, safe=""))
        with _as_os_error():
            async with self._open().post(url, timeout=TIMEOUT) as response:
                await _checked(response)

    async def changes(self) -> AsyncIterator[protocol.Status]:
        """The box now and after every change, until the exchange ends."""
        url = "http://tipring" + protocol.CHANGES
        with _as_os_error():
            async with self._open().get(url, timeout=NO_TIMEOUT) as response:
                await _checked(response)
                while line := await response.content.readline():
                    yield protocol.decode_status(line)

    async def _get(self, path: str) -> bytes:
        with _as_os_error():
            async with self._open().get("http://tipring" + path, timeout=TIMEOUT) as response:
                await _checked(response)
                return await response.read()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.UnixConnector(str(self._path))
            self._session = aiohttp.ClientSession(connector=connector, read_bufsize=MAX_LINE)
        return self._session


@contextmanager
def _as_os_error() -> Iterator[None]:
    """A connection that breaks is an OSError like one that cannot be made."""
    try:
        yield
    except OSError:
        raise
    except aiohttp.ClientError as error:
        raise ConnectionResetError(f"the connection broke ({error})") from None
    except ValueError:  # a line longer than the buffer
        raise PeerError("The exchange sent a status longer than this version reads.") from None


async def _checked(response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:
        raise PeerError(f"The exchange refused: {(await response.text()).strip()}")
