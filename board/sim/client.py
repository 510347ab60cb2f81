# SPDX-License-Identifier: GPL-2.0-or-later
"""Asynchronous client of the simulated board: what the demo and the tests hold in their hands.

``SimulatedBoard`` starts (or joins) the process ``python -m board.sim`` and gives telephones and
exchange lines to act with. Every method is a coroutine of the caller's loop and talks newline
JSON over ``RUN_DIR/sim.sock``; sound goes through files in ``RUN_DIR/sound``. Times are seconds,
sample numbers count the card's clock (8,000 a second from the start of the board), audio is int16
linear. A wait that runs out raises :class:`TimeoutError` that says what was seen instead.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from board.sim.connection import (
    BoardError,
    Connection,
    existing_folder,
    start_process,
    stop_process,
)
from board.sim.wavefile import read_wav, write_wav

Samples = npt.NDArray[np.int16]

__all__ = ["BoardError", "ExchangeLine", "Recording", "SimulatedBoard", "Spoken", "Telephone"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound that a mouth is sending."""

    start_sample: int  # card sample at which samples[0] leaves the mouth
    samples: Samples


class Recording:
    """What one ear hears from ``listen`` to ``stop``."""

    def __init__(self, connection: Connection, port: str, number: int) -> None:
        self._connection = connection
        self._port = port
        self._number = number

    async def stop(self) -> tuple[Samples, int]:
        """Stop and return (samples, card sample number of the first)."""
        result = await self._connection.ask(self._port, "stop_recording", number=self._number)
        return read_wav(Path(result["path"])), int(result["start_sample"])


class Party:
    """An ear and a mouth at one port: what telephones and outside callers have in common."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = name
        self._connection = connection
        self._spoken_numbers = itertools.count()

    async def _ask(self, order: str, timeout_s: float = 0.0, **arguments: Any) -> Any:
        if timeout_s:
            arguments["timeout_s"] = timeout_s
        return await self._connection.ask(self.name, order, **arguments)

    async def speak(self, sound: Samples | Path | str, gain_db: float = 0.0) -> Spoken:
        """Say samples or a WAV file (8,000 Hz, mono); returns when the first sample is on its way.

        It replaces whatever the mouth was saying.
        """
        samples = read_wav(Path(sound)) if isinstance(sound, str | Path) else sound
        name = f"{self.name}-{os.getpid()}-{id(self):x}-{next(self._spoken_numbers)}.wav"
        path = self._connection.sound_dir / name
        write_wav(path, samples)
        start_sample = await self._ask("speak", path=str(path), gain_db=gain_db)
        return Spoken(int(start_sample), samples)

    async def speech_done(self, timeout_s: float = 60.0) -> None:
        """Wait until the mouth is silent."""
        await self._ask("speech_done", timeout_s)

    async def listen(self) -> Recording:
        """Start recording this ear."""
        return Recording(self._connection, self.name, int(await self._ask("listen")))

    async def hears(self) -> str:
        """What the last seconds at this ear were.

        "silence", "dial", "stutter", "ringback", "busy", "congestion", "howler", "tone" (one
        that the country does not use so) or "speech".
        """
        return str(await self._ask("hears"))

    async def wait_hears(self, name: str, timeout_s: float = 10.0) -> float:
        """Wait until ``hears()`` is ``name``; returns the seconds it took."""
        return float(await self._ask("wait_hears", timeout_s, name=name))

    async def level_dbm0(self, seconds: float = 1.0) -> float:
        """Level of the last seconds at this ear (at most 8), dBm0."""
        return float(await self._ask("level", seconds=seconds))

    async def dial(self, digits: str, on_ms: int = 80, off_ms: int = 80) -> int:
        """Press keys (0-9 * # A-D) as DTMF; returns after the last pause.

        The result is the card sample at which the last key was let go, to compare with
        ``ring_bursts``.
        """
        return int(await self._ask("dial", digits=digits, on_ms=on_ms, off_ms=off_ms))


class Telephone(Party):
    """An analog telephone on an FXS port."""

    async def lift(self) -> None:
        """Lift the handset."""
        await self._ask("lift")

    async def hang_up(self) -> None:
        """Put the handset down; it stops speaking."""
        await self._ask("hang_up")

    async def flash(self, ms: int = 200) -> None:
        """Hook flash: on hook for ``ms``; returns when it is over."""
        await self._ask("flash", ms=ms)

    async def dial_pulses(self, digits: str, pps: float = 10.0, make: float = 0.4) -> int:
        """Turn a rotary dial: ``make`` is the closed part of a pulse; 0.8 s between digits.

        The result is the card sample at which the last pulse ended.
        """
        return int(await self._ask("dial_pulses", digits=digits, pps=pps, make=make))

    async def off_hook(self) -> bool:
        """Whether the handset is lifted."""
        return bool(await self._ask("off_hook"))

    async def ringing(self) -> bool:
        """Whether it rings now: in a burst, or in a pause no longer than the cadence's."""
        return bool(await self._ask("ringing"))

    async def wait_ringing(self, timeout_s: float = 10.0) -> float:
        """Wait until it rings; returns the seconds it took."""
        return float(await self._ask("wait_ringing", timeout_s))

    async def wait_not_ringing(self, timeout_s: float = 10.0) -> float:
        """Wait until the next burst is overdue (so up to the cadence's pause late)."""
        return float(await self._ask("wait_not_ringing", timeout_s))

    async def ring_bursts(self) -> list[tuple[int, int]]:
        """Bursts of the last ringing as (first sample, end sample; 0 while it sounds)."""
        return [(int(a), int(b)) for a, b in await self._ask("ring_bursts")]

    async def display(self) -> dict[str, str] | None:
        """Caller ID of the last ringing: keys number, name, date, absence, name_absence; or None.

        None: no valid message arrived. The display is emptied when a new ringing begins.
        """
        shown = await self._ask("display")
        return None if shown is None else dict(shown)

    async def wait_display(self, timeout_s: float = 10.0) -> dict[str, str]:
        """Wait for a valid caller-ID message."""
        return dict(await self._ask("wait_display", timeout_s))


class ExchangeLine(Party):
    """An exchange line on an FXO port and the outside party at its other end."""

    async def options(self, **options: Any) -> None:
        """Set options of the line; they hold for the calls to come.

        dial_tone (bool), dial_tone_delay_s, caller_id ("fsk" or "none"),
        erl_db (echo return loss at our hybrid), noise_dbm0; busy_hz, busy_on_ms, busy_off_ms
        (busy tone of another network; busy_hz empty: the country's). Unknown names are refused.
        """
        await self._ask("options", **options)

    async def call(self, number: str, name: str = "", first_ring_delay_s: float = 0.0) -> None:
        """The outside party ``number`` calls; returns as the line begins to ring.

        In the United Kingdom it begins with the caller ID, 1.5 s before the first ring.
        With ``first_ring_delay_s`` it returns at once and the line is taken but silent for that
        time: whoever seizes it meets the caller (glare). Number "" is sent as unavailable,
        "private" as withheld.
        """
        await self._ask("call", number=number, name=name, first_ring_delay_s=first_ring_delay_s)

    async def stop_calling(self) -> None:
        """The caller gives up before an answer."""
        await self._ask("stop_calling")

    async def wait_answered(self, timeout_s: float = 10.0) -> float:
        """Wait until our side answers; returns the seconds it took."""
        return float(await self._ask("wait_answered", timeout_s))

    async def wait_seized(self, timeout_s: float = 10.0) -> float:
        """Wait until our side has seized the line; returns the seconds it took."""
        return float(await self._ask("wait_seized", timeout_s))

    async def wait_dialled(self, wanted: int | str = 1, timeout_s: float = 15.0) -> str:
        """Wait for so many digits, or for this number; returns the digits so far."""
        return str(await self._ask("wait_dialled", timeout_s, wanted=wanted))

    async def ring_back(self) -> None:
        """The dialled party's telephone rings: our side hears ringback."""
        await self._ask("ring_back")

    async def answer(self, polarity: bool = False) -> None:
        """The dialled party answers, with a polarity reversal or only the end of ringback."""
        await self._ask("answer", polarity=polarity)

    async def busy(self) -> None:
        """The dialled party is busy."""
        await self._ask("busy")

    async def congestion(self) -> None:
        """The network has no way to the dialled party."""
        await self._ask("congestion")

    async def hang_up(self, style: str = "busy-tone") -> None:
        """The outside party hangs up, and the exchange shows it in one of four ways.

        "busy-tone": busy tone until we release, nothing else. "loop-drop": the loop current
        vanishes for the country's time, then dial tone. "polarity": the line is reversed, then
        busy tone. "dial-tone": two seconds of silence, then dial tone.
        """
        await self._ask("hang_up", style=style)

    async def released(self, timeout_s: float = 10.0) -> float:
        """Wait until our side is on hook; returns the seconds it took."""
        return float(await self._ask("released", timeout_s))

    async def set_battery(self, present: bool) -> None:
        """Plug the line out (False) or in again."""
        await self._ask("set_battery", present=present)

    async def state(self) -> str:
        """State of the exchange's end: "idle", "ringing", "talking", "dialling" ..."""
        return str(await self._ask("state"))


class SimulatedBoard:
    """The simulated card with its telephones and exchange lines."""

    channels = 12
    alsa_device = "tipring_sim"

    def __init__(
        self,
        connection: Connection,
        run_dir: Path,
        process: asyncio.subprocess.Process | None,
    ) -> None:
        self.run_dir = run_dir
        self._connection = connection
        self._process = process

    @classmethod
    @asynccontextmanager
    async def start(
        cls, run_dir: Path | str, country: str = "UA", ppm: float = 0.0, firmware: bool = True
    ) -> AsyncIterator[Self]:
        """Start the board's process, wait until it is ready, and stop it at the end.

        ``ppm`` is the error of the card's clock. Without ``firmware`` no MicroPython is started.
        """
        run_dir = existing_folder(run_dir)
        process = await start_process(run_dir, country, ppm, firmware)
        try:
            board = cls(await Connection.open(run_dir), run_dir, process)
            try:
                yield board
            finally:
                await board._connection.close()
        finally:
            await stop_process(process)
            (run_dir / "card.shm").resolve().unlink(missing_ok=True)  # if it was killed

    @classmethod
    @asynccontextmanager
    async def connect(cls, run_dir: Path | str) -> AsyncIterator[Self]:
        """Join a board that somebody else started; it goes on afterwards."""
        run_dir = existing_folder(run_dir)
        board = cls(await Connection.open(run_dir), run_dir, None)
        try:
            yield board
        finally:
            await board._connection.close()

    @property
    def serial_path(self) -> str:
        """What the host opens with pyserial; stays the same over cut_link and restore_link."""
        return str(self.run_dir / "ttyCARD1")

    @property
    def pid(self) -> int:
        """Process id of the board; only when this client started it."""
        if self._process is None:
            raise BoardError("this client only joined the board; it does not know its process")
        return self._process.pid

    def alsa_environment(self) -> dict[str, str]:
        """What to add to the environment of a process that opens ``alsa_device``."""
        return {"ALSA_CONFIG_PATH": str(self.run_dir / "asound.conf")}

    def phone(self, name: str) -> Telephone:
        """The telephone on a port, "FXS1" to "FXS8"."""
        return Telephone(self._connection, name)

    def exchange_line(self, name: str) -> ExchangeLine:
        """The exchange line on a port, "FXO1" to "FXO4"."""
        return ExchangeLine(self._connection, name)

    async def sample_now(self) -> int:
        """The card's sample number now."""
        return int(await self._connection.ask("", "sample_now"))

    async def statistics(self) -> dict[str, float]:
        """Counters of the board since its start.

        samples, clock_s (monotonic, of the same moment), late_blocks (over 10 ms), worst_late_ms,
        processor_s, playback_xruns, capture_xruns, card_starts, to_host_bytes, lost_bytes.
        """
        return dict(await self._connection.ask("", "statistics"))

    async def cut_link(self, power: bool = False) -> None:
        """Pull the serial cable: the terminal vanishes. With ``power`` the card goes dark too."""
        await self._connection.ask("", "cut_link", power=power)

    async def restore_link(self) -> None:
        """Plug the cable in again; starts the card's firmware if it was dark."""
        await self._connection.ask("", "restore_link")

    async def inject_xrun(self) -> None:
        """Make both running sound streams fail once with EPIPE."""
        await self._connection.ask("", "inject_xrun")

    async def kill(self) -> None:
        """End the board at once with SIGKILL, as when the card's supply fails."""
        if self._process is None:
            raise BoardError("this client only joined the board; kill it where it was started")
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
