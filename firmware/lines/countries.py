# SPDX-License-Identifier: GPL-2.0-or-later
"""Tones and timings of each country's analog network.

Frequencies and cadences follow ITU-T E.180 Supplement 2 and the national figures collected in
docs/lines.md. Levels are what the box sends; detection takes any level the engine hears.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firmware.values import RingClass, Tone, ToneName, ToneSegment, ToneTemplate

CADENCE_TOLERANCE = 0.25  # E.180 allows +-10 %; old exchanges drift more
CONTINUOUS_MS = 1_200  # a dial tone is reported after this long without a break
CONTINUOUS = (CONTINUOUS_MS, 0)
SLOW_MS = 2_000  # of a cadence that takes longer, one round is enough

_BEEP = Tone((ToneSegment((1_000.0,), 400, 0),), repeat=1)
_CONFIRMATION = Tone((ToneSegment((600.0,), 100, 100),), repeat=3)
_SIT = Tone(  # E.180 7.6: three rising tones, then a pause
    (
        ToneSegment((950.0,), 330, 0),
        ToneSegment((1400.0,), 330, 0),
        ToneSegment((1800.0,), 330, 1000),
    )
)
_HOWLER = Tone((ToneSegment((1400.0, 2060.0), 100, 100, -3.0),))
_SILENCE = Tone((ToneSegment((), 0, 0),))


@dataclass(frozen=True, slots=True)
class Country:
    """One network: what its telephones expect and what its exchanges send."""

    code: str
    tones: Mapping[ToneName, Tone]
    ringing_ms: Mapping[RingClass, tuple[int, ...]]
    caller_id: str  # FSK modulation: "bell202" or "v23"
    caller_id_before_ring: bool  # the burst follows a polarity reversal, not the first ring
    flash_ms: tuple[int, int]  # shortest and longest hook flash of a telephone
    ring_pause_max_ms: int  # longer silence means the caller has given up
    guard_s: float  # between releasing an exchange line and seizing it again
    loop_drop_ms: int  # shortest break of loop current that means the far end has gone

    @property
    def first_burst_s(self) -> float:
        """Seconds from the start of a ring to the pause in which caller ID may come."""
        return sum(self.ringing_ms[RingClass.EXTERNAL][:-1]) / 1_000

    def templates(self, *names: ToneName) -> tuple[ToneTemplate, ...]:
        """Detector templates of these tones, one for each distinct cadence."""
        return tuple(template_of(name, self.tones[name]) for name in names)


def template_of(name: ToneName, tone: Tone) -> ToneTemplate:
    """What the detector must hear to call it this tone.

    Of a tone that changes its pitch, the last one with the pause behind it. Of a cadence of
    several bursts, bursts and pauses between the shortest and the longest; so many that a plainer
    cadence in the same range (busy beside British congestion) is known first by its own template.
    """
    segments = tone.segments
    frequencies = segments[-1].frequencies_hz
    if not segments[0].on_ms:
        return ToneTemplate(name, frequencies, CONTINUOUS, (0, 0), 1)
    rising = segments[0].frequencies_hz != frequencies
    if rising:
        segments = segments[-1:]
    slow = sum(segment.on_ms + segment.off_ms for segment in segments) > SLOW_MS
    on_ms = _around(*(segment.on_ms for segment in segments))
    off_ms = _around(*(segment.off_ms for segment in segments))
    rounds = 1 if slow or rising else 2
    return ToneTemplate(name, frequencies, on_ms, off_ms, rounds * len(segments))


def _around(*milliseconds: int) -> tuple[int, int]:
    return min(ms - _spread(ms) for ms in milliseconds), max(
        ms + _spread(ms) for ms in milliseconds
    )


def _spread(milliseconds: int) -> int:
    return max(round(milliseconds * CADENCE_TOLERANCE), 40)


def _tone(frequencies: tuple[float, ...], *on_off_ms: int) -> Tone:
    if not on_off_ms:
        return Tone((ToneSegment(frequencies, 0),))
    pairs = zip(on_off_ms[::2], on_off_ms[1::2], strict=True)
    return Tone(tuple(ToneSegment(frequencies, on, off) for on, off in pairs))


def _stutter(frequencies: tuple[float, ...]) -> Tone:
    """Broken dial tone; messages wait (ETSI ES 201 970 leaves the cadence to the network)."""
    return _tone(frequencies, 400, 40)


def _country(
    code: str,
    dial: tuple[float, ...],
    ringback: Tone,
    busy: Tone,
    congestion: Tone,
    ringing_ms: tuple[int, ...],
    caller_id: str = "v23",
    before_ring: bool = False,
    flash_ms: tuple[int, int] = (80, 700),
    loop_drop_ms: int = 200,
) -> Country:
    tones = {
        ToneName.DIAL: _tone(dial),
        ToneName.STUTTER_DIAL: _stutter(dial),
        ToneName.RINGBACK: ringback,
        ToneName.BUSY: busy,
        ToneName.CONGESTION: congestion,
        ToneName.REORDER: congestion,
        ToneName.HOWLER: _HOWLER,
        ToneName.CALL_WAITING: _tone(busy.segments[0].frequencies_hz, 200, 5_000),
        ToneName.SPECIAL_INFORMATION: _SIT,
        ToneName.CONFIRMATION: _CONFIRMATION,
        ToneName.BEEP: _BEEP,
        ToneName.SILENCE: _SILENCE,
    }
    cadences = {
        RingClass.INTERNAL: ringing_ms,
        RingClass.EXTERNAL: ringing_ms,
        RingClass.RECALL: (400, 200, 400, 4_000),
    }
    return Country(
        code, tones, cadences, caller_id, before_ring, flash_ms, 6_000, 1.5, loop_drop_ms
    )


_425 = (425.0,)

COUNTRIES: Mapping[str, Country] = {
    country.code: country
    for country in (
        _country(
            "RU", _425, _tone(_425, 1000, 4000), _tone(_425, 350, 350), _tone(_425, 175, 175),
            (1000, 4000),
        ),
        _country(
            "UA", _425, _tone(_425, 1000, 4000), _tone(_425, 350, 350), _tone(_425, 175, 175),
            (1000, 4000),
        ),
        _country(
            "PL", _425, _tone(_425, 1000, 4000), _tone(_425, 500, 500), _tone(_425, 250, 250),
            (1000, 4000),
        ),
        _country(
            "DE", _425, _tone(_425, 1000, 4000), _tone(_425, 480, 480), _tone(_425, 240, 240),
            (1000, 4000), flash_ms=(80, 400),
        ),
        _country(
            "UK", (350.0, 440.0), _tone((400.0, 450.0), 400, 200, 400, 2000),
            _tone((400.0,), 375, 375), _tone((400.0,), 400, 350, 225, 525),
            (400, 200, 400, 2000), before_ring=True, flash_ms=(60, 400),
            loop_drop_ms=80,  # BT SIN 351: a clear is 90 ms at least
        ),
        _country(
            "US", (350.0, 440.0), _tone((440.0, 480.0), 2000, 4000),
            _tone((480.0, 620.0), 500, 500), _tone((480.0, 620.0), 250, 250),
            (2000, 4000), caller_id="bell202", flash_ms=(200, 1200),
        ),
    )
}  # fmt: skip
