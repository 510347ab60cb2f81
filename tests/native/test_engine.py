# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine through its Python face, over RTP on loopback; what C tests cannot see."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware import events
from firmware.errors import NativeError
from firmware.values import Codec, LegId, Tone, ToneName, ToneSegment, ToneTemplate
from native.engine import Engine
from tests.native.engine_bench import Facts, connect_two, dbm0, noise, read_wav, write_wav

BUSY = ToneTemplate(ToneName.BUSY, (425.0,), (300, 400), (300, 400))
CONGESTION = ToneTemplate(ToneName.CONGESTION, (425.0,), (150, 230), (150, 230), 3)
DIAL = ToneTemplate(ToneName.DIAL, (425.0,), (600, 0), (0, 0), 1)
RINGBACK = ToneTemplate(ToneName.RINGBACK, (425.0,), (900, 1100), (3500, 4500), 1)
BUSY_SOUND = Tone((ToneSegment((425.0,), 350, 350, -15.0),))


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


@pytest.fixture
def facts(engine: Engine) -> Facts:
    return Facts(engine)


def speak(folder: Path, text: str) -> np.ndarray:
    """The sentence as 8 kHz speech at about -18 dBm0."""
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", "en", "-w", str(folder / "raw.wav"), text], check=True)
    raw = read_wav(folder / "raw.wav").astype(float)  # 22,050 Hz
    smooth = np.convolve(raw, np.ones(3) / 3, "same")
    at = np.arange(0, len(smooth) - 1, 22050 / 8000)
    samples = np.interp(at, np.arange(len(smooth)), smooth)
    samples *= 10 ** ((-18 - dbm0(samples)) / 20)
    write_wav(path, np.clip(samples, -32768, 32767).astype(np.int16))
    return read_wav(path)


def test_closed_engine_refuses(facts: Facts) -> None:
    engine = facts.engine
    engine.close()
    engine.close()
    for order in (
        lambda: engine.open_rtp(1),
        lambda: engine.take_events(),
        lambda: engine.snapshot(),
        lambda: engine.event_fd,
        lambda: engine.detect(1),
    ):
        with pytest.raises(NativeError, match="closed"):
            order()


def test_refusals_are_sentences(engine: Engine) -> None:
    with pytest.raises(NativeError, match=r"Leg 5 is not open\."):
        engine.close_leg(5)
    engine.open_card(5, 3)
    with pytest.raises(NativeError, match="Channel 3 belongs to leg 5"):
        engine.open_card(6, 3)
    with pytest.raises(NativeError, match="at most two frequencies"):
        engine.play_tone(5, Tone((ToneSegment((1.0, 2.0, 3.0), 100),)))
    with pytest.raises(NativeError, match="bell202 or v23"):
        engine.send_caller_id(5, "morse", b"\x80\x00")
    with pytest.raises(NativeError, match="not an RTP leg"):
        engine.connect_rtp(5, "127.0.0.1", 4000, Codec.PCMA, 8)
    with pytest.raises(NativeError, match="no UDP port"):
        engine.connect_rtp(5, "127.0.0.1", 70000, Codec.PCMA, 8)
    with pytest.raises(NativeError, match="zero byte"):
        engine.start_recording(5, 1, "a\0b", 10)
    with pytest.raises(NativeError, match="numeric IPv4"):
        Engine("somewhere")


def test_ports_come_from_the_range() -> None:
    with Engine(port_range=(42000, 42007)) as engine:
        ports = [engine.open_rtp(leg) for leg in (1, 2, 3)]
        assert all(42000 <= port <= 42006 and port % 2 == 0 for port in ports)
        assert len(set(ports)) == 3
        with pytest.raises(NativeError, match="No pair of UDP ports is free"):
            for leg in (4, 5):
                engine.open_rtp(leg)
        engine.close_leg(1)
        time.sleep(0.05)  # the engine hands the port back after a tick
        assert engine.open_rtp(6) == ports[0]


def test_new_exchange_learns_what_is_held(engine: Engine) -> None:
    port = engine.open_rtp(7)
    engine.open_card(8, 11)
    engine.join_bridge(3, [7, 8])
    engine.tag_leg(8, '{"line": "FXO4", "їжак": 1}')
    assert set(engine.held()) == {
        events.HeldLeg(LegId(7), "rtp", -1, port, 3, ""),
        events.HeldLeg(LegId(8), "card", 11, 0, 3, '{"line": "FXO4", "їжак": 1}'),
    }
    engine.leave_bridge(7)
    engine.join_bridge(3, [])
    assert {held.bridge for held in engine.held()} == {0}


def test_speech_keeps_its_level_and_delay(facts: Facts, tmp_path: Path) -> None:
    engine = facts.engine
    sent = noise(1.5)
    connect_two(engine, 1, 2)
    time.sleep(0.1)
    engine.start_recording(2, 1, str(tmp_path / "heard.wav"), 60)
    engine.play_files(1, 9, [write_wav(tmp_path / "sent.wav", sent)])
    assert facts.wait(events.PlayEnded) == events.PlayEnded(LegId(1), 9, "")
    time.sleep(0.2)
    engine.stop_recording(2)
    ended = facts.wait(events.RecordEnded)
    assert ended.path == str(tmp_path / "heard.wav") and ended.reason == "stopped"
    heard = read_wav(ended.path)
    match = np.correlate(heard.astype(float), sent.astype(float), "valid")
    delay = int(np.argmax(match))
    assert delay < 8 * 90  # packet, jitter buffer and the start's tick: under 90 ms
    aligned = heard[delay : delay + len(sent)].astype(float)
    error = aligned - sent
    assert np.sum(sent.astype(float) ** 2) / np.sum(error**2) > 10**3.3  # A-law: about 38 dB


def test_tones_are_told_by_cadence(facts: Facts) -> None:
    engine = facts.engine
    connect_two(engine, 1, 2)
    engine.detect(2, tones=(DIAL, BUSY, CONGESTION, RINGBACK))
    engine.play_tone(1, BUSY_SOUND)
    heard = facts.wait(events.ToneHeard)
    assert heard.tone is ToneName.BUSY
    assert heard.at_sample - heard.since_sample < 8 * 1500
    engine.stop_playing(1)
    assert facts.wait(events.ToneEnded).tone is ToneName.BUSY
    engine.play_tone(1, Tone((ToneSegment((425.0,), 175, 175),)))
    assert facts.wait(events.ToneHeard).tone is ToneName.CONGESTION


def test_unknown_tone_is_measured(facts: Facts) -> None:
    engine = facts.engine
    connect_two(engine, 1, 2)
    engine.detect(2, tones=(BUSY,), measure=True)
    engine.play_tone(1, Tone((ToneSegment((480.0, 620.0), 200, 300, -15.0),)))
    measured = facts.wait(events.CadenceMeasured, 4.0)
    assert (measured.leg, measured.rounds) == (2, 4)
    assert measured.frequencies_hz == pytest.approx((480.0, 620.0), abs=1.0)
    assert measured.on_ms == pytest.approx(200, abs=5)
    assert measured.off_ms == pytest.approx(300, abs=5)
    assert measured.at_sample - measured.since_sample == pytest.approx(8 * 2000, abs=240)


def test_speech_is_voice_and_nothing_else(facts: Facts, tmp_path: Path) -> None:
    engine = facts.engine
    text = "Hello, this is the dispatcher of the northern office. " * 3
    speech = speak(tmp_path, text + "One two three four five six seven eight nine zero. ")
    connect_two(engine, 1, 2)
    engine.detect(2, digits=True, tones=(DIAL, BUSY, CONGESTION, RINGBACK), voice=True)
    engine.play_files(1, 1, [write_wav(tmp_path / "said.wav", speech)])
    voice = facts.wait(events.VoiceHeard, 2.0)
    assert voice.leg == 2
    rest = facts.gather(events.MediaFact, len(speech) / 8000)  # type: ignore[arg-type]
    assert {type(fact) for fact in rest} <= {events.VoiceHeard, events.PlayEnded}


def test_tones_are_not_voice(facts: Facts) -> None:
    engine = facts.engine
    connect_two(engine, 1, 2)
    engine.detect(2, tones=(BUSY, RINGBACK), voice=True)
    engine.play_tone(1, BUSY_SOUND)
    assert facts.gather(events.VoiceHeard, 3.0) == []


def test_finite_tone_ends_and_replaced_play_does_not(facts: Facts, tmp_path: Path) -> None:
    engine = facts.engine
    engine.open_card(1, 0)
    engine.play_files(1, 1, [write_wav(tmp_path / "long.wav", noise(2))], loop=True)
    engine.play_tone(1, Tone((ToneSegment((1000.0,), 100),), repeat=2), play=2)
    assert facts.gather(events.PlayEnded, 0.4) == [events.PlayEnded(LegId(1), 2, "")]


def test_no_usable_file_ends_at_once_with_reasons(facts: Facts, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not sound")
    facts.engine.open_card(1, 0)
    facts.engine.play_files(
        1, 4, [str(tmp_path / "text.wav"), str(tmp_path / "none.wav")], loop=True
    )
    ended = facts.wait(events.PlayEnded)
    assert ended.play == 4
    assert "text.wav is not a WAV file" in ended.reason
    assert "none.wav cannot be read: No such file or directory" in ended.reason


def test_rtp_loss_is_told_again_after_recovery(facts: Facts) -> None:
    engine = facts.engine
    connect_two(engine, 1, 2)
    port = next(held.rtp_port for held in engine.held() if held.leg == 1)
    for _ in range(2):
        engine.connect_rtp(2, "127.0.0.1", port, Codec.PCMA, 8, send=False)
        lost = facts.wait(events.RtpLost, 4.0)
        assert lost.leg == 1 and 3.0 <= lost.silent_s < 3.2
        engine.connect_rtp(2, "127.0.0.1", port, Codec.PCMA, 8, send=True)
        assert facts.gather(events.RtpLost, 0.3) == []


def test_busy_interpreter_does_not_hurt(facts: Facts) -> None:
    """A thread that keeps the interpreter lock costs no tick and no packet."""
    engine = facts.engine
    connect_two(engine, 1, 2)
    engine.play_tone(1, Tone((ToneSegment((1000.0,), 0),)))
    time.sleep(0.3)
    before = engine.snapshot()
    end = time.monotonic() + 1.5
    hogs = [
        threading.Thread(
            target=lambda: [sum(range(10**6)) for _ in iter(lambda: time.monotonic() < end, False)]
        )
        for _ in range(2)
    ]
    for hog in hogs:
        hog.start()
    for hog in hogs:
        hog.join()
    after = engine.snapshot()
    ticks = after.ticks - before.ticks
    assert ticks >= 145
    assert after.skipped_ticks == 0
    received = after.legs[LegId(2)].packets_received - before.legs[LegId(2)].packets_received
    assert received >= ticks // 2 - 15  # figures are published every 100 ms
    assert after.legs[LegId(2)].packets_lost == 0


def test_file_sizes_are_exact_when_a_call_ends_abruptly(facts: Facts, tmp_path: Path) -> None:
    engine = facts.engine
    connect_two(engine, 1, 2)
    path = str(tmp_path / "cut.wav")
    engine.start_recording(2, 1, path, 60)
    time.sleep(0.3)
    engine.close()
    assert 0.2 < len(read_wav(path)) / 8000 < 0.5
    assert not Path(path + ".part").exists()
