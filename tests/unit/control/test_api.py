# SPDX-License-Identifier: GPL-2.0-or-later
"""Server and client of the control API over a real Unix socket."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from firmware.control import protocol
from firmware.control.client import ControlClient
from firmware.control.server import ControlServer
from firmware.errors import ConfigError, PeerError
from firmware.values import CallId
from tests.fakes.box import Box, alarm

QUICKLY_S = 0.5  # shutdown with open streams; far below the time answers under way are given


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tipring-api-") as folder:  # short: sun_path is 108
        yield Path(folder) / "run" / "control.sock"


@asynccontextmanager
async def _client(path: Path, box: Box) -> AsyncIterator[ControlClient]:
    async with ControlServer(box).serve(path), ControlClient(path) as client:
        yield client


async def _http(path: Path, method: str, url: str) -> tuple[int, str]:
    connector = aiohttp.UnixConnector(str(path))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, "http://tipring" + url) as response,
    ):
        return response.status, await response.text()


async def test_status_comes_whole(path: Path) -> None:
    box = Box()
    box.change(alarms=(alarm("media", "The media host is away."),))
    async with _client(path, box) as client:
        assert await client.status() == box.now


async def test_records_newest_first_up_to_a_limit(path: Path) -> None:
    box = Box()
    box.kept = [{"call": f"c{n}"} for n in range(5)]
    async with _client(path, box) as client:
        assert await client.records(2) == [{"call": "c0"}, {"call": "c1"}]
        assert await client.records() == box.kept
    assert box.asked == [2, 20]


@pytest.mark.parametrize("limit", ["0", "1001", "ten", "-1", "", "\u00b2", "9" * 5000])
async def test_bad_limit_is_refused_in_a_sentence(path: Path, limit: str) -> None:
    async with ControlServer(Box()).serve(path):
        status, text = await _http(path, "GET", f"/v1/records?limit={limit}")
    assert status == 400
    assert text == f"limit must be a number from 1 to 1000, not {limit!r}."


async def test_client_hands_the_refusal_on(path: Path) -> None:
    async with _client(path, Box()) as client:
        with pytest.raises(PeerError, match="The exchange refused: limit must be a number"):
            await client.records(5000)


async def test_what_the_api_does_not_have_is_said(path: Path) -> None:
    async with ControlServer(Box()).serve(path):
        missing = await _http(path, "GET", "/v1/coffee")
        wrong = await _http(path, "POST", "/v1/status")
    assert missing == (
        404,
        "The control API has no /v1/coffee; docs/console.md lists what it has.",
    )
    assert wrong == (405, "/v1/status takes GET, HEAD, not POST.")


@pytest.mark.parametrize("call", ["20261026T100000.000-1", "gone", "a/b c?d"])
async def test_hang_up_reaches_the_box(path: Path, call: str) -> None:
    box = Box()
    async with _client(path, box) as client:
        await client.hang_up(CallId(call))
    assert box.hung_up == [CallId(call)]


async def test_changes_tell_now_and_after_each_change(path: Path) -> None:
    box = Box()
    async with _client(path, box) as client:
        changes = client.changes()
        assert (await anext(changes)) == box.now
        for state in ("off hook", "dialling"):
            box.change_line("FXS3", state=state)
            lines = {line.line: line.state for line in (await anext(changes)).lines}
            assert lines["FXS3"] == state
        await changes.aclose()


async def test_many_changes_at_once_are_told_once(path: Path) -> None:
    box = Box()
    async with _client(path, box) as client:
        changes = client.changes()
        await anext(changes)
        for n in range(100):
            box.change(office=f"Office {n}")
        assert (await anext(changes)).office == "Office 99"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(changes), 0.4)


async def test_every_console_is_told(path: Path) -> None:
    box = Box()
    async with _client(path, box) as one, ControlClient(path) as other:
        streams = [one.changes(), other.changes()]
        for stream in streams:
            await anext(stream)
        box.change(office="Moved")
        assert [(await anext(stream)).office for stream in streams] == ["Moved", "Moved"]
        for stream in streams:
            await stream.aclose()


async def test_console_that_goes_away_leaves_no_task(path: Path) -> None:
    server = ControlServer(Box())
    async with server.serve(path):
        before = asyncio.all_tasks()
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET /v1/changes HTTP/1.1\r\nHost: tipring\r\n\r\n")
        await reader.readuntil(b'"office"')
        assert asyncio.all_tasks() - before
        writer.transport.abort()
        async with asyncio.timeout(2.0):  # nothing changes meanwhile: no write would notice
            while asyncio.all_tasks() - before:
                await asyncio.sleep(0.01)
        assert server._streams == set()


async def test_console_that_goes_away_while_the_box_changes(path: Path) -> None:
    box = Box()
    server = ControlServer(box)
    async with server.serve(path):
        client = ControlClient(path)
        changes = client.changes()
        await anext(changes)
        await client.close()
        async with asyncio.timeout(2.0):
            while server._streams:
                box.change(office="again")
                await asyncio.sleep(0.01)
        await changes.aclose()


async def test_shutdown_ends_open_streams_at_once(path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with ControlClient(path) as client:
        async with ControlServer(Box()).serve(path):
            changes = client.changes()
            await anext(changes)
            began = loop.time()
        assert loop.time() - began < QUICKLY_S
        with pytest.raises(StopAsyncIteration):  # told, not torn
            await anext(changes)


async def test_owner_and_group_may_open_the_socket(path: Path) -> None:
    async with ControlServer(Box()).serve(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


async def test_socket_of_a_killed_exchange_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    async with _client(path, Box()) as client:
        assert (await client.status()).office == "Shop of fifteen"


async def test_socket_of_a_living_exchange_is_left_alone(path: Path) -> None:
    async with _client(path, Box()) as client:
        with pytest.raises(ConfigError, match="Another exchange answers on"):
            async with ControlServer(Box()).serve(path):
                pytest.fail("two exchanges on one socket")
        assert (await client.status()).office == "Shop of fifteen"


async def test_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(ConfigError, match="it is no socket"):
        async with ControlServer(Box()).serve(path):
            pytest.fail("listens on a file")
    assert path.read_text() == "precious"


async def test_path_that_cannot_be_listened_on_is_said(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 150) / "control.sock"
    with pytest.raises(ConfigError, match=r"The control API cannot listen on .*: .*\."):
        async with ControlServer(Box()).serve(long):
            pytest.fail("longer than a socket's name may be")


async def test_nobody_there_is_an_os_error(path: Path) -> None:
    async with ControlClient(path) as client:
        with pytest.raises(OSError, match="No such file"):
            await client.status()


@asynccontextmanager
async def _answering(path: Path, answer: bytes) -> AsyncIterator[ControlClient]:
    """A client whose exchange sends these bytes and then falls dead."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    path.parent.mkdir()
    server = await asyncio.start_unix_server(serve, str(path))
    async with server, ControlClient(path) as client:
        yield client


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_exchange_killed_before_it_answered(path: Path) -> None:
    async with _answering(path, b"") as client:
        with pytest.raises(OSError, match="the connection broke"):
            await client.status()


async def test_exchange_killed_in_the_middle_of_a_stream(path: Path) -> None:
    line = protocol.encode(Box().now) + b"\n"
    chunk = f"{len(line):x}\r\n".encode() + line + b"\r\n"
    async with _answering(path, CHUNKED + chunk + b"5\r\n{") as client:
        changes = client.changes()
        assert (await anext(changes)) == Box().now
        with pytest.raises(OSError, match="the connection broke"):
            await anext(changes)


async def test_something_else_behind_the_socket(path: Path) -> None:
    async with _answering(path, b"SSH-2.0-OpenSSH_9.2\r\n") as client:
        with pytest.raises(OSError, match="the connection broke"):
            await client.status()


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'{"office": 5}', b"\xff"])
async def test_another_version_is_said(path: Path, body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with _answering(path, answer) as client:
        with pytest.raises(PeerError, match="speaks another version of the control API"):
            await client.status()


async def test_records_of_another_version_are_said() -> None:
    with pytest.raises(PeerError, match="another version"):
        protocol.decode_records(b'{"no": "list"}')


async def test_nothing_is_left_open(path: Path) -> None:
    async with _client(path, Box()) as client:
        await client.status()
        await client.close()
        await client.status()  # may be used again
    gc.collect()  # an unclosed session would warn, and warnings fail


def test_status_is_plain_json() -> None:
    text = json.loads(protocol.encode(Box().now))
    assert text["lines"][0]["line"] == "FXS1"
    assert text["wall"] == "2026-10-26T14:02:11Z"
