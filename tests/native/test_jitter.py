# SPDX-License-Identifier: GPL-2.0-or-later
"""The jitter buffer in simulated time: packets with made-up arrival times, a get every 10 ms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

IDLE, PLAYED, CONCEALED = 0, 1, 2
TAKEN, LATE, DUPLICATE, RESTARTED, REFUSED = 0, 1, 2, 3, 4
BLOCK, PACKET, SECOND = 80, 160, 8000
MIN_MS, MAX_MS = 20, 200


class Buffer:
    """A jitter buffer; everything in samples."""

    def __init__(self, units: SimpleNamespace, low: int = MIN_MS, high: int = MAX_MS) -> None:
        self._lib, self._ffi = units.lib, units.ffi
        self._c = units.ffi.gc(units.lib.tr_jitter_create(low, high), units.lib.tr_jitter_destroy)
        self._out = units.ffi.new("int16_t[80]")

    def put(self, seq: int, ts: int, pcm: np.ndarray, now: int) -> int:
        data = np.ascontiguousarray(pcm, np.int16)
        pointer = self._ffi.cast("int16_t *", data.ctypes.data)
        return int(
            self._lib.tr_jitter_put(self._c, seq % 65536, ts % 2**32, pointer, len(data), now)
        )

    def get(self, now: int) -> tuple[int, np.ndarray]:
        result = int(self._lib.tr_jitter_get(self._c, self._out, now))
        return result, np.frombuffer(self._ffi.buffer(self._out), np.int16).copy()

    def reset(self) -> None:
        self._lib.tr_jitter_reset(self._c)

    def report(self) -> SimpleNamespace:
        report = self._ffi.new("tr_jitter_report *")
        self._lib.tr_jitter_stats(self._c, report)
        return SimpleNamespace(**{name: getattr(report, name) for name in dir(report)})


@dataclass
class Run:
    """What came out of a simulated stream."""

    audio: np.ndarray
    results: list[int]
    puts: list[int] = field(default_factory=list)

    def count(self, result: int) -> int:
        return self.results.count(result)


def voice(seconds: float, pitch_hz: float = 120.0) -> np.ndarray:
    """Harmonics of a pitch that wanders a little: as hard to splice as a vowel."""
    t = np.arange(int(seconds * SECOND)) / SECOND
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.05 * np.sin(2 * np.pi * 0.7 * t))) / SECOND
    return (sum(3000 / k * np.sin(k * phase) for k in range(1, 8))).astype(np.int16)


Arrival = Callable[[int], int | None]
"""Sample count at which packet n arrives; None: lost."""


def simulate(
    buffer: Buffer,
    audio: np.ndarray,
    arrival: Arrival,
    first_seq: int = 0,
    first_ts: int = 0,
    tail_s: float = 0.0,
) -> Run:
    packets = [(at, n) for n in range(len(audio) // PACKET) if (at := arrival(n)) is not None]
    packets.sort()
    out, run, place = [], Run(np.zeros(0), []), 0
    for now in range(0, len(audio) + int(tail_s * SECOND), BLOCK):
        while place < len(packets) and packets[place][0] <= now:
            n = packets[place][1]
            pcm = audio[n * PACKET : (n + 1) * PACKET]
            run.puts.append(
                buffer.put(first_seq + n, first_ts + n * PACKET, pcm, packets[place][0])
            )
            place += 1
        result, block = buffer.get(now)
        run.results.append(result)
        out.append(block)
    run.audio = np.concatenate(out)
    return run


def on_time(n: int) -> int:
    return (n + 1) * PACKET


def found_at(audio: np.ndarray, out: np.ndarray) -> int:
    """Delay at which audio stands in out, sample by sample; -1 when it does not.

    The first packet is left out: a stream that begins is faded in.
    """
    audio = audio[PACKET:]
    for delay in range(len(out) - len(audio) + 1):
        if out[delay] == audio[0] and np.array_equal(out[delay : delay + len(audio)], audio):
            return delay - PACKET
    return -1


AUDIO = voice(2.0)
HEARD = AUDIO[: -3 * PACKET]  # what is out when the last packet has come in


def test_a_steady_stream_passes_unchanged_after_the_least_delay(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    run = simulate(buffer, AUDIO, on_time)
    assert found_at(HEARD, run.audio) - PACKET == MIN_MS * 8
    report = buffer.report()
    assert (report.received, report.late, report.lost, report.duplicate) == (99, 0, 0, 0)
    assert report.concealed_samples == 0
    assert report.inserted_samples == report.dropped_samples == 0


def test_sequence_and_timestamp_wrap_unnoticed(units: SimpleNamespace) -> None:
    run = simulate(Buffer(units), AUDIO, on_time, first_seq=65500, first_ts=2**32 - 4000)
    assert found_at(HEARD, run.audio) >= 0


def test_reordered_packets_play_in_order(units: SimpleNamespace) -> None:
    swapped = lambda n: on_time(n + 1) + 1 if n % 10 == 5 else on_time(n)  # noqa: E731
    buffer = Buffer(units, 30)
    run = simulate(buffer, AUDIO, swapped)
    assert found_at(HEARD, run.audio) >= 0
    assert buffer.report().lost == 0


def test_doubled_packets_are_counted_and_not_heard(units: SimpleNamespace) -> None:
    buffer = Buffer(units, 60)
    out = []
    for n in range(100):
        pcm = AUDIO[n * PACKET : (n + 1) * PACKET]
        assert buffer.put(n, n * PACKET, pcm, on_time(n)) == TAKEN
        assert buffer.put(n, n * PACKET, -pcm, on_time(n)) == DUPLICATE
        out += [buffer.get(on_time(n))[1], buffer.get(on_time(n) + BLOCK)[1]]
    assert found_at(AUDIO[: 90 * PACKET], np.concatenate(out)) >= 0
    report = buffer.report()
    assert (report.duplicate, report.lost) == (100, 0)


def test_a_lost_packet_is_concealed_and_time_is_kept(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    run = simulate(buffer, AUDIO, lambda n: None if n % 20 == 7 else on_time(n))
    report = buffer.report()
    assert report.lost == 5
    # After the last gap the stream stands where it stood before the first one.
    head, tail = AUDIO[: 7 * PACKET], AUDIO[89 * PACKET : 96 * PACKET]
    assert 0 <= found_at(head, run.audio) == found_at(tail, run.audio) - 89 * PACKET
    level = np.abs(run.audio[400:15120].reshape(-1, 80)).mean(axis=1)
    assert level.min() > 0.3 * np.median(level)


def test_two_percent_loss_does_not_change_the_delay(units: SimpleNamespace) -> None:
    rng = np.random.default_rng(1)
    gone = set(np.flatnonzero(rng.random(1500) < 0.02).tolist()) - {0}
    buffer = Buffer(units)
    run = simulate(buffer, voice(30), lambda n: None if n in gone else on_time(n))
    report = buffer.report()
    assert report.lost == len(gone)
    assert report.late == 0
    assert report.delay_samples <= (MIN_MS + 10) * 8
    assert run.count(CONCEALED) <= 2 * len(gone) + 50


def test_jitter_is_learnt(units: SimpleNamespace) -> None:
    rng = np.random.default_rng(2)
    wait = (rng.random(3000) * 60 * 8).astype(int)  # 0..60 ms
    buffer = Buffer(units)
    simulate(buffer, voice(20), lambda n: on_time(n) + int(wait[n]))
    early = buffer.report().late
    simulate(buffer, voice(40), lambda n: on_time(n + 0) + int(wait[n]))
    report = buffer.report()
    assert report.late - early < 0.02 * 2000
    assert 40 * 8 <= report.delay_samples <= 75 * 8
    assert report.jitter_samples > 50


def test_delay_shrinks_again_when_the_jitter_is_over(units: SimpleNamespace) -> None:
    rng = np.random.default_rng(3)
    wait = (rng.random(2500) * 80 * 8).astype(int)
    wait[500:] = 0
    buffer = Buffer(units)
    run = simulate(buffer, voice(50), lambda n: on_time(n) + int(wait[n]))
    report = buffer.report()
    assert report.delay_samples <= (MIN_MS + 12) * 8
    assert report.dropped_samples > 20 * 8
    assert run.count(PLAYED) > 4800


def test_a_longer_way_is_bridged_without_losing_words(units: SimpleNamespace) -> None:
    """The network's delay grows by 80 ms in mid-word: what comes later is still played."""
    buffer = Buffer(units)
    run = simulate(buffer, AUDIO, lambda n: on_time(n) + (640 if n >= 50 else 0))
    report = buffer.report()
    assert report.late == 0
    assert report.inserted_samples >= 320
    assert found_at(AUDIO[60 * PACKET : 80 * PACKET], run.audio) > 0


@pytest.mark.parametrize("ppm", [-200, 200])
def test_clock_drift_is_absorbed(units: SimpleNamespace, ppm: int) -> None:
    buffer = Buffer(units)
    seconds = 300
    run = simulate(buffer, voice(seconds), lambda n: round(on_time(n) * (1 + ppm * 1e-6)))
    report = buffer.report()
    drifted = seconds * SECOND * ppm * 1e-6
    moved = report.inserted_samples - report.dropped_samples
    assert abs(moved - drifted) < 200
    assert report.late == 0
    assert run.count(CONCEALED) < 60
    steps = np.abs(np.diff(run.audio[:2_000_000].astype(int)))
    assert steps.max() < 1.5 * np.abs(np.diff(voice(60).astype(int))).max()  # no click


def test_silence_of_the_sender_is_idle_and_then_goes_on(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    talk = lambda n: None if 50 <= n < 150 else on_time(n)  # noqa: E731
    audio = voice(5)
    run = simulate(buffer, audio, talk)
    assert run.results[2 * 100] == IDLE
    assert not run.audio[2 * 100 * BLOCK : 290 * BLOCK].any()
    assert found_at(audio[151 * PACKET : 240 * PACKET], run.audio) > 0
    assert buffer.report().late == 0


def test_jumping_timestamps_begin_afresh(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    simulate(buffer, AUDIO, on_time)
    start = 2 * SECOND
    results, out = [], []
    for n in range(50):
        pcm = AUDIO[n * PACKET : (n + 1) * PACKET]
        now = start + on_time(n)
        results.append(buffer.put(20000 + n, 900_000_000 + n * PACKET, pcm, now))
        out += [buffer.get(now)[1], buffer.get(now + BLOCK)[1]]
    assert results[:2] == [LATE, RESTARTED]
    assert set(results[2:]) == {TAKEN}
    assert found_at(AUDIO[2 * PACKET : 40 * PACKET], np.concatenate(out)) >= 0
    assert buffer.report().restarts == 1


def test_one_stray_packet_changes_nothing(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    stray = np.zeros(PACKET, np.int16)
    for n in range(50):
        now = on_time(n)
        if n == 20:
            assert buffer.put(9999, 3_000_000_000, stray, now) == LATE
        assert buffer.put(n, n * PACKET, AUDIO[n * PACKET : (n + 1) * PACKET], now) == TAKEN
        assert buffer.get(now)[0] in (IDLE, PLAYED)
        buffer.get(now + BLOCK)
    assert buffer.report().restarts == 0


def test_a_stopped_engine_catches_up(units: SimpleNamespace) -> None:
    """The reader stands still for a second: the buffer does not stay a second behind."""
    buffer = Buffer(units)
    for n in range(200):
        now = on_time(n)
        buffer.put(n, n * PACKET, np.full(PACKET, 1000, np.int16), now)
        if not 50 <= n < 100:
            buffer.get(now)
            buffer.get(now + BLOCK)
    assert buffer.report().delay_samples <= (MIN_MS + 12) * 8


def test_other_packet_lengths(units: SimpleNamespace) -> None:
    for length in (80, 240, 480, 37):
        buffer, out, now = Buffer(units, 80), [], 0
        for n in range(len(AUDIO) // length):
            now = (n + 1) * length
            while len(out) * BLOCK < now:
                out.append(buffer.get(len(out) * BLOCK)[1])
            assert buffer.put(n, n * length, AUDIO[n * length : (n + 1) * length], now) == TAKEN
        assert found_at(AUDIO[: now - 1600], np.concatenate(out)) >= 0


def test_what_is_refused(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    assert buffer.put(0, 0, np.zeros(0, np.int16), 0) == REFUSED
    assert buffer.put(0, 0, np.zeros(961, np.int16), 0) == REFUSED
    assert buffer.get(0)[0] == IDLE
    for low, high in ((9, 100), (50, 40), (20, 501)):
        assert units.lib.tr_jitter_create(low, high) == units.ffi.NULL


def test_reset_takes_a_new_stream_at_once(units: SimpleNamespace) -> None:
    buffer = Buffer(units)
    simulate(buffer, AUDIO, on_time)
    buffer.reset()
    run = simulate(buffer, AUDIO, on_time, first_seq=777, first_ts=123456789)
    assert found_at(HEARD, run.audio) >= 0
    assert buffer.report().restarts == 0


def test_anything_at_any_time(units: SimpleNamespace) -> None:
    step = st.tuples(
        st.integers(0, 65535),
        st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 20000)),
        st.integers(0, 960),
        st.integers(0, 400),
    )

    @settings(max_examples=60)
    @given(st.lists(step, max_size=60))
    def check(steps: list[tuple[int, int, int, int]]) -> None:
        buffer, now = Buffer(units), 0
        for seq, ts, length, wait in steps:
            now += wait
            assert buffer.put(seq, ts, np.full(length, 100, np.int16), now) in range(5)
            result, block = buffer.get(now)
            assert result in (IDLE, PLAYED, CONCEALED)
            assert np.abs(block.astype(int)).max() <= 100
        report = buffer.report()
        assert report.delay_samples <= 2 * MAX_MS * 8
        assert MIN_MS * 8 <= report.target_samples <= MAX_MS * 8 or report.target_samples == 0

    check()
