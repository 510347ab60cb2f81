# SPDX-License-Identifier: GPL-2.0-or-later
"""Nanoseconds a sample of codecs and echo canceller, ours and others' (bench/dsp.c)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.figures import Figure

PART = "dsp"
ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("g711.c", "echo.c", "echo_nlp.c", "echo_narrow.c", "fft256.c")
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O3", "-Wall", "-Wextra")  # as native/build_core.py


def measure() -> list[Figure]:
    """Compile the program against the core's sources and run it once."""
    program = ROOT / "build" / "bench" / "dsp"
    program.parent.mkdir(parents=True, exist_ok=True)
    native = ROOT / "native" / "src"
    sources = [str(native / name) for name in SOURCES]
    command = ["cc", *FLAGS, f"-I{native}", str(ROOT / "bench" / "dsp.c"), *sources]
    subprocess.run([*command, "-lspandsp", "-lm", "-ldl", "-o", str(program)], check=True)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    pairs = (line.split(maxsplit=1) for line in output.splitlines())
    return [Figure(PART, name, "ns/sample", float(value)) for value, name in pairs]
