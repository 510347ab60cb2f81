# SPDX-License-Identifier: GPL-2.0-or-later
"""G.711 against the decision and output values of the Recommendation's tables 1 and 2.

The tables are written out from their segments here, without arithmetic in common with the C code.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

ALAW_SCALE, ULAW_SCALE = 8, 4  # 16-bit steps in one step of the tables' 13 and 14 bits


def edges(first: list[tuple[int, int]]) -> list[int]:
    """Decision values from (number of intervals, size) of each segment."""
    values = [0]
    for count, size in first:
        values += [values[-1] + size * (i + 1) for i in range(count)]
    return values


ALAW_EDGES = edges([(32, 2)] + [(16, 4 << segment) for segment in range(6)])
ULAW_EDGES = edges([(1, 1), (15, 2)] + [(16, 4 << segment) for segment in range(7)])


def alaw_octet(interval: int, negative: bool) -> int:
    """Table 1a, notes 1 and 2: sign bit set for positive values, even bits inverted."""
    return (interval | (0 if negative else 0x80)) ^ 0x55


def ulaw_octet(interval: int, negative: bool) -> int:
    """Table 2a: all bits inverted."""
    return 0xFF ^ (interval | (0x80 if negative else 0))


def encode(sample: int, steps: list[int], scale: int, octet: Callable[[int, bool], int]) -> int:
    size = sample if sample >= 0 else -sample - 1
    interval = bisect_right(steps, size / scale) - 1
    return octet(min(interval, len(steps) - 2), sample < 0)


def decoded(steps: list[int], scale: int, octet: Callable[[int, bool], int]) -> dict[int, int]:
    """Output value of each octet: the middle of its interval (mu-law: 0 for the first)."""
    table = {}
    for interval in range(128):
        low, high = steps[interval], steps[interval + 1]
        middle = 0 if high == 1 else (low + high) // 2
        table[octet(interval, False)] = middle * scale
        table[octet(interval, True)] = -middle * scale
    return table


LAWS = [
    pytest.param("alaw", ALAW_EDGES, ALAW_SCALE, alaw_octet, id="A-law"),
    pytest.param("ulaw", ULAW_EDGES, ULAW_SCALE, ulaw_octet, id="mu-law"),
]


def run_encode(units: SimpleNamespace, law: str, samples: np.ndarray) -> np.ndarray:
    out = np.zeros(len(samples), np.uint8)
    cast = units.ffi.cast
    function = getattr(units.lib, f"tr_{law}_encode")
    function(cast("int16_t *", samples.ctypes.data), cast("uint8_t *", out.ctypes.data), len(out))
    return out


def run_decode(units: SimpleNamespace, law: str, octets: np.ndarray) -> np.ndarray:
    out = np.zeros(len(octets), np.int16)
    cast = units.ffi.cast
    function = getattr(units.lib, f"tr_{law}_decode")
    function(cast("uint8_t *", octets.ctypes.data), cast("int16_t *", out.ctypes.data), len(out))
    return out


@pytest.mark.parametrize(("law", "steps", "scale", "octet"), LAWS)
def test_all_65536_samples(
    units: SimpleNamespace,
    law: str,
    steps: list[int],
    scale: int,
    octet: Callable[[int, bool], int],
) -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)
    wanted = [encode(int(sample), steps, scale, octet) for sample in samples]
    assert np.array_equal(run_encode(units, law, samples), np.array(wanted, np.uint8))


@pytest.mark.parametrize(("law", "steps", "scale", "octet"), LAWS)
def test_all_256_octets(
    units: SimpleNamespace,
    law: str,
    steps: list[int],
    scale: int,
    octet: Callable[[int, bool], int],
) -> None:
    octets = np.arange(256, dtype=np.uint8)
    table = decoded(steps, scale, octet)
    assert run_decode(units, law, octets).tolist() == [table[code] for code in range(256)]


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_a_decoded_octet_encodes_to_itself(units: SimpleNamespace, law: str) -> None:
    octets = np.arange(256, dtype=np.uint8)
    again = run_encode(units, law, run_decode(units, law, octets))
    changed = [code for code in range(256) if again[code] != octets[code]]
    assert changed == ([] if law == "alaw" else [0x7F])  # mu-law's negative zero


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("length", [0, 1, 3, 7, 15, 31, 33, 80])
def test_any_length_and_alignment(units: SimpleNamespace, law: str, length: int) -> None:
    samples = (np.arange(200) * 331 - 32768).astype(np.int16)
    whole = run_encode(units, law, samples)
    assert np.array_equal(run_encode(units, law, samples[5 : 5 + length]), whole[5 : 5 + length])


def test_the_values_everybody_knows(units: SimpleNamespace) -> None:
    """Idle codes and full scale, as any capture shows them."""
    assert run_encode(units, "alaw", np.array([0, -1], np.int16)).tolist() == [0xD5, 0x55]
    assert run_encode(units, "ulaw", np.array([0, -1], np.int16)).tolist() == [0xFF, 0x7F]
    assert run_decode(units, "alaw", np.array([0xAA, 0x2A], np.uint8)).tolist() == [32256, -32256]
    assert run_decode(units, "ulaw", np.array([0x80, 0x00], np.uint8)).tolist() == [32124, -32124]
