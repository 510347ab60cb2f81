# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole simulated board: card, cable, sound stream, wires, telephones and exchange lines.

One asyncio loop runs everything. Each 10 ms of the card's clock one block passes: what the card
sends goes down the wires, what mouths say and hybrids leak comes back, int16 in, int16 out.
"""

from __future__ import annotations

import asyncio
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from board.sim.audio import BLOCK, CHANNELS, CardStream, write_asound_conf
from board.sim.cable import Cable
from board.sim.exchange_line import ExchangeLine
from board.sim.hybrid import Lines
from board.sim.levels import Floats
from board.sim.line_circuit import FxoPins
from board.sim.party import OrderError, Party
from board.sim.pins import Card
from board.sim.sound import Ears
from board.sim.telephone import FxsPins, Telephone
from board.sim.tones import COUNTRIES

REVISION_FILE = Path(__file__).parents[1] / "revisions" / "tipring-8s4o-r1.toml"


class Board:
    """Everything on the bench. ``start`` and ``stop`` belong to the loop's thread."""

    def __init__(self, run_dir: Path, country: str, ppm: float, shm: Path) -> None:
        self.country = COUNTRIES[country]
        self.sound_dir = run_dir / "sound"
        self.stream = CardStream(shm, ppm)
        self.ears = Ears(CHANNELS)
        self.lines = Lines()
        self.card = Card(self._on_output, self._on_card_bytes, self._on_dark)
        self.cable = Cable(run_dir / "ttyCARD1", self.card.write_serial)
        self.parties: dict[str, Party] = {}
        self._by_pin: dict[int, Party] = {}
        self._timer: asyncio.TimerHandle | None = None
        write_asound_conf(run_dir / "asound.conf", shm)
        self._build(tomllib.loads(REVISION_FILE.read_text(encoding="utf-8")))

    def _build(self, revision: dict[str, Any]) -> None:
        for port in revision["ports"]:
            party: Party
            outputs: tuple[int, ...]
            if port["kind"] == "fxs":
                fxs = FxsPins(port["rm"], port["fr"], port["shk"])
                party = Telephone(port["name"], port["channel"], fxs, self)
                outputs = (fxs.ring_mode, fxs.polarity)
            else:
                fxo = FxoPins(port["oh"], port["rd"], port["ls"], port["pr"])
                party = ExchangeLine(port["name"], port["channel"], fxo, self, self.lines)
                outputs = (fxo.relay,)
            self.parties[party.name] = party
            self._by_pin.update((pin, party) for pin in outputs)

    # ------------------------------------------------------------------ life

    def start(self, firmware: bool = True) -> None:
        """Power on. Without ``firmware`` the pins never move."""
        self.cable.plug()
        if firmware:
            self.card.start()
        self.stream.start(time.monotonic())
        self._arm()

    def stop(self) -> None:
        """Power off and remove what lies in the file system."""
        if self._timer:
            self._timer.cancel()
        self.card.stop()
        self.cable.unplug()
        for party in self.parties.values():
            party.close()
        self.stream.close()

    def cut_link(self, power: bool = False) -> None:
        """Pull the cable, and with ``power`` the card's supply."""
        self.cable.unplug()
        if power:
            self.card.stop()

    def restore_link(self) -> None:
        """Put back what was pulled."""
        if not self.cable.plugged:
            self.cable.plug()
        if not self.card.running:
            self.card.start()

    # ------------------------------------------------------------------ pins

    def set_input(self, pin: int, value: int) -> None:
        """Put a level on one of the card's input pins."""
        self.card.set_input(pin, value)

    def _on_output(self, pin: int, value: int) -> None:
        party = self._by_pin.get(pin)
        if party:
            party.on_output(pin, value)

    def _on_card_bytes(self, data: bytes) -> None:
        self.cable.write(data)

    def _on_dark(self) -> None:
        for party in self.parties.values():
            party.power_lost()

    # ------------------------------------------------------------------ sound

    def sample_now(self) -> int:
        """The card's sample number."""
        return self.stream.sample_at(time.monotonic())

    def next_sample(self) -> int:
        """First sample of the next block."""
        return self.stream.sample

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self.stream.next_block_s(), self._tick)

    def _tick(self) -> None:
        sent = self.stream.begin_block(time.monotonic()).T.astype(np.float32)
        ears, capture = self.lines.pass_block(sent, self._collect(sent))
        listening = np.zeros(CHANNELS, bool)
        for party in self.parties.values():
            party.shape_ear(ears[party.channel], self.stream.sample)
            listening[party.channel] = party.listening
        self.ears.write(_to_int16(ears), listening)
        self.stream.end_block(_to_int16(capture).T)
        self._arm()

    def _collect(self, sent: Floats) -> Floats:
        """What all far ends send in this block, after they took what the card sends."""
        mouths = np.zeros((CHANNELS, BLOCK), np.float32)
        for party in self.parties.values():
            party.take_sound(sent[party.channel])
            party.fill_mouth(mouths[party.channel], self.stream.sample)
        return mouths

    # ------------------------------------------------------------------ orders

    async def perform(self, port: str, order: str, arguments: dict[str, Any]) -> Any:
        """Carry out an order of the control socket; port "" is the board itself."""
        if port:
            if port not in self.parties:
                raise OrderError(f"there is no port {port!r}; there are {', '.join(self.parties)}")
            return await self.parties[port].perform(order, arguments)
        if order == "sample_now":
            return self.sample_now()
        if order == "statistics":
            return self.statistics()
        if order == "cut_link":
            return self.cut_link(**arguments)
        if order == "restore_link":
            return self.restore_link()
        if order == "inject_xrun":
            return self.stream.order_xrun()
        raise OrderError(f"the board knows no order {order!r}")

    def statistics(self) -> dict[str, float]:
        """Counters, see SimulatedBoard.statistics."""
        playback_xruns, capture_xruns = self.stream.xruns
        return {
            "samples": self.stream.sample,
            "clock_s": time.monotonic(),
            "late_blocks": self.stream.late_blocks,
            "worst_late_ms": round(self.stream.worst_late_s * 1000, 1),
            "processor_s": round(time.process_time(), 3),
            "playback_xruns": playback_xruns,
            "capture_xruns": capture_xruns,
            "card_starts": self.card.starts,
            "to_host_bytes": self.cable.to_host_bytes,
            "lost_bytes": self.cable.lost_bytes,
        }


def _to_int16(samples: Floats) -> npt.NDArray[np.int16]:
    """Round as the codec does, and clip."""
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
