# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP telephones: one baresip process with an account for each, driven over its ctrl_tcp door.

What a phone hears lies in WAV files that baresip's sndfile module writes per call; what it says
is a WAV file named at any moment of the call. baresip ends a call when its sound file ends, so
every file gets a long silence behind it. What is heard plays to a bridge with nobody behind it:
the player to files stands still when several phones ring in one process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from board.sim.peers.ports import LOOPBACK, free_ports
from board.sim.wavefile import write_wav

Samples = npt.NDArray[np.int16]

RATE_HZ = 8_000
SILENCE_BEHIND_S = 300  # longer than any call of a rehearsal
WAV_HEADER_BYTES = 44
REPLY_S = 5.0
KEY_S = 0.3  # from one key to the next
START_S = 10.0

_CONFIG = """\
poll_method epoll
sip_listen {host}:{sip}
net_interface {host}
call_max_calls 16
call_hold_other_calls no
audio_player aubridge,nobody
audio_source aufile,{silence}
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_low}-{rtp_high}
snd_path {sound}
ctrl_tcp_listen {host}:{control}
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
"""


class PhoneError(Exception):
    """baresip refused a command or did not do what was awaited."""


class SipPhones:
    """The phones of one baresip process."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server  # host:port of the exchange
        self._events: list[dict[str, Any]] = []
        self._calls: dict[str, str] = {}  # newest call of each account
        self._news = asyncio.Condition()
        self._replies: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    @asynccontextmanager
    async def start(
        cls, folder: Path, server: str, passwords: Mapping[str, str]
    ) -> AsyncIterator[SipPhones]:
        """Start phones for these extensions; they register on their own, in a moment."""
        phones = cls(folder, server)
        process = await phones._start(passwords)
        try:
            reader = await phones._connect()
            reading = asyncio.create_task(phones._read(reader), name="baresip events")
            try:
                yield phones
            finally:
                await phones._close(reading)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    # ------------------------------------------------------------------ acting

    async def dial(self, extension: str, number: str) -> None:
        """Call a number from a phone."""
        await self._select(extension)
        await self._command("dial", f"sip:{number}@{self._server}")

    async def answer(self, extension: str) -> None:
        """Answer the call that rings at a phone."""
        await self._select(extension)
        await self._command("accept", self._call_of(extension))

    async def hang_up(self, extension: str) -> None:
        """End or refuse the call of a phone."""
        await self._select(extension)
        await self._command("hangup", self._call_of(extension))

    async def hold(self, extension: str, held: bool) -> None:
        """Put the phone's peer on hold, or take it back."""
        await self._select(extension)
        if held:
            await self._command("hold", self._call_of(extension))
            return
        # 1.1 resumes and then complains that there was no other call to hold (its issue 1799)
        with contextlib.suppress(PhoneError):
            await self._command("resume", self._call_of(extension))

    async def press(self, extension: str, digits: str) -> None:
        """Press keys in the call of a phone; they are sent as RFC 4733."""
        await self._select(extension)
        for digit in digits:  # of several at once it sends the last
            await self._command("sndcode", digit)
            await asyncio.sleep(KEY_S)

    async def speak(self, extension: str, samples: Samples) -> None:
        """Say something in the call of a phone."""
        await self._select(extension)
        path = self._folder / f"say-{extension}-{len(self._events)}.wav"
        write_wav(path, _with_silence(samples))
        await self._command("ausrc", f"aufile,{path}")

    def heard(self) -> Samples:
        """Everything that the phone of the newest call has heard so far."""
        files = sorted((self._folder / "sound").glob("dump-*-dec.wav"), key=_changed)
        if not files:
            return np.zeros(0, np.int16)
        data = files[-1].read_bytes()[WAV_HEADER_BYTES:]  # its length is written at the call's end
        return np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.int16)

    async def wait_event(self, kind: str, extension: str, timeout_s: float = 10.0) -> None:
        """Wait for an event of a phone, such as CALL_INCOMING; each event serves one wait."""
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: self._take(kind, extension))
        except TimeoutError:
            seen = [event.get("type") for event in self._events if _of(event, extension)]
            text = f"SIP phone {extension}: no {kind} within {timeout_s:.0f} s, but {seen}"
            raise TimeoutError(text) from None

    def forget(self) -> None:
        """Drop all events that nobody waited for."""
        self._events.clear()

    def _take(self, kind: str, extension: str) -> bool:
        for event in self._events:
            if event.get("type") == kind and _of(event, extension):
                self._events.remove(event)
                return True
        return False

    # ------------------------------------------------------------------ the process

    async def _start(self, passwords: Mapping[str, str]) -> asyncio.subprocess.Process:
        ports = free_ports(4 + 8 * len(passwords))
        self._control_port = ports[2]
        sound = self._folder / "sound"
        sound.mkdir(parents=True, exist_ok=True)
        silence = self._folder / "silence.wav"
        write_wav(silence, _with_silence(np.zeros(0, np.int16)))
        config = _CONFIG.format(
            host=LOOPBACK,
            sip=ports[0],
            control=self._control_port,
            rtp_low=ports[4],
            rtp_high=ports[-1],
            silence=silence,
            sound=sound,
            modules=_module_path(),
        )
        (self._folder / "config").write_text(config)
        (self._folder / "contacts").write_text("")
        accounts = (self._account(extension, word) for extension, word in passwords.items())
        (self._folder / "accounts").write_text("".join(accounts))
        with (self._folder / "baresip.log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                "baresip", "-f", str(self._folder),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _account(self, extension: str, password: str) -> str:
        return (
            f"<sip:{extension}@{self._server}>;auth_user={extension};auth_pass={password}"
            ";regint=600;audio_codecs=PCMA,PCMU;answermode=manual\n"
        )

    async def _connect(self) -> asyncio.StreamReader:
        end = asyncio.get_running_loop().time() + START_S
        while True:
            try:
                reader, self._writer = await asyncio.open_connection(LOOPBACK, self._control_port)
            except OSError:
                if asyncio.get_running_loop().time() > end:
                    log = self._folder / "baresip.log"
                    raise PhoneError(f"baresip did not start; see {log}") from None
                await asyncio.sleep(0.1)
            else:
                return reader

    async def _close(self, reading: asyncio.Task[None]) -> None:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    # ------------------------------------------------------------------ its control door

    def _note_call(self, event: Mapping[str, Any]) -> None:
        if event.get("class") == "call" and "id" in event:
            self._calls[_extension(event)] = str(event["id"])

    def _call_of(self, extension: str) -> str:
        """Call-ID for commands: from 1.1 on they act on another phone's call without it."""
        return self._calls.get(extension, "")

    async def _select(self, extension: str) -> None:
        await self._command("uafind", f"sip:{extension}@{self._server}")

    async def _command(self, command: str, parameters: str = "") -> None:
        assert self._writer is not None
        text = json.dumps({"command": command, "params": parameters, "token": command}).encode()
        async with self._turn:
            self._writer.write(b"%d:%s," % (len(text), text))
            reply = await asyncio.wait_for(self._replies.get(), REPLY_S)
        if not reply.get("ok"):
            raise PhoneError(f"baresip refused {command} {parameters}: {reply.get('data')}")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Netstrings: ``length:json,``."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                message = json.loads((await reader.readexactly(length + 1))[:-1])
                if message.get("response"):
                    self._replies.put_nowait(message)
                else:
                    self._note_call(message)
                    async with self._news:
                        self._events.append(message)
                        self._news.notify_all()


def _extension(event: Mapping[str, Any]) -> str:
    return str(event.get("accountaor", "")).removeprefix("sip:").partition("@")[0]


def _of(event: Mapping[str, Any], extension: str) -> bool:
    return _extension(event) == extension


def _with_silence(samples: Samples) -> Samples:
    return np.concatenate([samples, np.zeros(SILENCE_BEHIND_S * RATE_HZ, np.int16)])


def _changed(path: Path) -> float:
    return path.stat().st_mtime


def _module_path() -> Path:
    """Debian keeps baresip's modules in one of these, by release and architecture."""
    for path in (Path("/usr/lib/baresip/modules"), *Path("/usr/lib").glob("*/baresip/modules")):
        if path.is_dir():
            return path
    raise PhoneError("baresip's modules are not installed; run: apt-get install baresip-core")
