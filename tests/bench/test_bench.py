# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench runs and says what it measured. No figure is judged here: the machine is shared."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.__main__ import PARTS, main
from bench.figures import Figure, figure_of, median_of_runs, percentile
from bench.rtp_end import alaw_decode, alaw_encode


def measured(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """Run the bench with --json; its one object."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def check_figures(found: dict[str, object], parts: set[str]) -> dict[str, dict[str, object]]:
    assert set(found) == {"date", "machine", "runs", "waiting_per_core", "figures"}
    figures = found["figures"]
    assert isinstance(figures, list)
    for figure in figures:
        assert set(figure) == {"part", "name", "unit", "median", "p99", "count", "note"}
        assert figure["unit"] in ("ms", "ns/sample", "MiB", "% of core", "/s", "times")
    assert {figure["part"] for figure in figures} == parts
    return {figure["name"]: figure for figure in figures}


def test_codecs_and_canceller(capsys: pytest.CaptureFixture[str]) -> None:
    named = check_figures(measured(capsys, "dsp"), {"dsp"})
    assert float(str(named["A-law encoder"]["median"])) > 0
    assert float(str(named["echo canceller, 32 ms"]["median"])) > 0


def test_an_office_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--calls", "3", "--rings", "4", "--talks", "1", "--seconds", "1", "--starts", "1")
    parts = ("set-up", "ring", "delay", "load", "start")
    named = check_figures(measured(capsys, *parts, *small), set(parts))
    setup, share = named["INVITE to 180, SIP to SIP"], named["of it in the exchange"]
    assert setup["count"] == 3
    assert 0 < float(str(share["median"])) < float(str(setup["median"]))
    assert float(str(named["telephone to SIP"]["median"])) > 20  # a packet takes 20 ms to fill
    assert float(str(named["RTP packets received by SIP ends"]["median"])) > 0


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dps"]) == 2
    error = capsys.readouterr().err
    assert "'dps'" in error
    assert all(part in error for part in PARTS)


def test_percentile_is_a_measured_value() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 0.5) == 50.0
    assert percentile([7.0], 0.99) == 7.0


def test_runs_are_joined_by_their_median() -> None:
    runs = [[figure_of("p", "n", "ms", [value, value + 4.0])] for value in (1.0, 9.0, 2.0)]
    assert median_of_runs(runs) == [Figure("p", "n", "ms", 4.0, 6.0, 2, "")]


def test_sound_survives_the_bench_s_codec() -> None:
    sound = np.array([0, 1000, -1000, 20000, -32768], np.int16)
    there_and_back = alaw_decode(alaw_encode(sound))
    assert np.allclose(there_and_back, sound, rtol=0.04, atol=20)
