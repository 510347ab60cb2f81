# SPDX-License-Identifier: GPL-2.0-or-later
"""Caller-ID bursts: what the simulated exchange sends and what a telephone's display reads.

MDMF messages (Bellcore GR-30, ETSI EN 300 659-1/-3) in 1,200 baud FSK: V.23 (1,300/2,100 Hz) or
Bell 202 (1,200/2,200 Hz). The reader is a frequency discriminator over a whole stretch of sound:
mixed to the middle of the two tones, low-passed, the turn from sample to sample is the bit.
Neither half shares code with the box's own (libspandsp on its media side).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from board.sim.audio import RATE_HZ
from board.sim.levels import Floats, peak_at, rms_at

BAUD = 1200
BIT_SAMPLES = RATE_HZ / BAUD
SEIZURE_BITS = 300  # alternating, begins with space
MARK_BITS = 180
LEVEL_DBM0 = -13.5
LEAST_DBM0 = -40.0
LEAST_MARK_BITS = 40  # of the mark period, before the first start bit is believed

MDMF = 0x80
DATE, NUMBER, NUMBER_ABSENT, NAME, NAME_ABSENT = 0x01, 0x02, 0x04, 0x07, 0x08
PARAMETERS = {
    DATE: "date",
    NUMBER: "number",
    NUMBER_ABSENT: "absence",
    NAME: "name",
    NAME_ABSENT: "name_absence",
}
ABSENCES = {"O": "unavailable", "P": "private"}


@dataclass(frozen=True, slots=True)
class Modulation:
    """The two frequencies of a standard."""

    mark_hz: float
    space_hz: float


MODULATIONS = {"v23": Modulation(1300.0, 2100.0), "bell202": Modulation(1200.0, 2200.0)}


# --------------------------------------------------------------------------- message


def encode(number: str, name: str, date: str) -> bytes:
    """An MDMF message with its checksum; ``date`` is MMDDhhmm, number may be "" or "private"."""
    parts = [(DATE, date.encode("ascii"))]
    if number in ("", "private"):
        parts.append((NUMBER_ABSENT, b"P" if number else b"O"))
    else:
        parts.append((NUMBER, number.encode("ascii")))
    if name:
        parts.append((NAME, name.encode("latin-1", "replace")))
    body = b"".join(bytes((kind, len(data))) + data for kind, data in parts)
    message = bytes((MDMF, len(body))) + body
    return message + bytes((-sum(message) & 0xFF,))


def decode(message: bytes) -> dict[str, str] | None:
    """What a display shows of a message; None when its type, length or checksum is wrong."""
    if len(message) < 3 or message[0] != MDMF or len(message) != message[1] + 3:
        return None
    if sum(message) & 0xFF:
        return None
    shown: dict[str, str] = {}
    body = message[2:-1]
    while len(body) >= 2:
        kind, size = body[0], body[1]
        text = body[2 : 2 + size].decode("latin-1")
        shown[PARAMETERS.get(kind, f"parameter-{kind}")] = text
        body = body[2 + size :]
    for key in ("absence", "name_absence"):
        if key in shown:
            shown[key] = ABSENCES.get(shown[key], shown[key])
    return shown


# --------------------------------------------------------------------------- sound


def modulate(message: bytes, standard: str, level_dbm0: float = LEVEL_DBM0) -> Floats:
    """Channel seizure, mark and message as sound, float32 in units of int16."""
    bits = [0, 1] * (SEIZURE_BITS // 2) + [1] * MARK_BITS
    for byte in message:
        bits += [0, *((byte >> place) & 1 for place in range(8)), 1]
    bits += [1] * 4  # let the last stop bit ring out
    tones = MODULATIONS[standard]
    count = int(len(bits) * BIT_SAMPLES)
    place = np.minimum((np.arange(count) / BIT_SAMPLES).astype(int), len(bits) - 1)
    frequency = np.where(np.array(bits)[place] == 1, tones.mark_hz, tones.space_hz)
    phase = 2 * np.pi / RATE_HZ * np.cumsum(frequency)
    return np.asarray(peak_at(level_dbm0) * np.sin(phase), np.float32)


def demodulate(sound: npt.NDArray[np.int16] | Floats, standard: str) -> bytes | None:
    """The first message with a right checksum in a stretch of sound; None if there is none."""
    marks, carrier = _discriminate(sound, MODULATIONS[standard])
    for start in _mark_ends(marks, carrier):
        message = _read_message(marks, start)
        if message is not None and decode(message) is not None:
            return message
    return None


def _discriminate(
    sound: npt.NDArray[np.int16] | Floats, tones: Modulation
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each sample: is it mark, and is there a carrier at all."""
    middle = (tones.mark_hz + tones.space_hz) / 2
    turn = np.exp(-2j * np.pi * middle / RATE_HZ * np.arange(len(sound)))
    taps = np.sinc(2 * 900.0 / RATE_HZ * np.arange(-10, 11)) * np.hamming(21)
    taps /= taps.sum()
    base = np.convolve(np.asarray(sound, np.float64) * turn, taps, "same")
    step = np.angle(base[1:] * np.conj(base[:-1]))
    smooth = np.convolve(step, np.ones(3) / 3, "same")
    power = np.convolve(np.abs(base[1:]) ** 2, np.ones(41) / 41, "same")
    return smooth < 0, power > rms_at(LEAST_DBM0) ** 2 / 2


def _mark_ends(marks: npt.NDArray[np.bool_], carrier: npt.NDArray[np.bool_]) -> list[int]:
    """Where a long mark under carrier ends: the candidates for the first start bit."""
    held = marks & carrier
    edges = np.flatnonzero(np.diff(held.astype(np.int8)))
    ends = []
    for rise, fall in itertools.pairwise(edges):
        if held[rise + 1] and fall - rise >= LEAST_MARK_BITS * BIT_SAMPLES:
            ends.append(int(fall) + 1)
    return ends


def _read_message(marks: npt.NDArray[np.bool_], start: int) -> bytes | None:
    """Bytes from the first start bit on, as many as the message says it has."""
    message = bytearray()
    while len(message) < 2 or len(message) < message[1] + 3:
        start = _next_space(marks, start)
        places = (start + (np.arange(10) + 0.5) * BIT_SAMPLES).astype(int)
        if places[-1] >= len(marks):
            return None
        bits = marks[places]
        if bits[0] or not bits[9]:
            return None
        message.append(int(np.packbits(bits[1:9], bitorder="little")[0]))
        start = int(places[9])
    return bytes(message)


def _next_space(marks: npt.NDArray[np.bool_], start: int) -> int:
    """First sample at or after ``start`` that is space; far away when there is none."""
    after = np.flatnonzero(~marks[start:])
    return start + int(after[0]) if len(after) else len(marks)
