# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m bench [PART ...]``: measures, prints a table, or with --json one object.

Parts: set-up, ring, delay, load, start (these share one running office of 15 on the simulated
board) and dsp. With --runs the whole is repeated and each figure is the median of the runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

from bench import delay, dsp_time, load, ring_time, setup_time, start_time
from bench.figures import Figure, median_of_runs
from bench.processes import busy_share, machine_kind
from board.demo.stage import Stage

MONDAY = datetime(2026, 11, 23, 10, 0)  # office hours
OFFICE = "r1"

Measure = Callable[[Stage, argparse.Namespace], Awaitable[list[Figure]]]

ON_STAGE: dict[str, Measure] = {
    setup_time.PART: lambda stage, options: setup_time.measure(stage, options.calls),
    ring_time.PART: lambda stage, options: ring_time.measure(stage, options.rings),
    delay.PART: lambda stage, options: delay.measure(stage, options.talks),
    load.PART: lambda stage, options: load.measure(stage, options.seconds),
    start_time.PART: lambda stage, options: start_time.measure(stage, options.starts),
}
PARTS = (*ON_STAGE, dsp_time.PART)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts named, or all."""
    options = _parser().parse_args(arguments)
    unknown = set(options.part) - set(PARTS)
    if unknown:
        print(f"There is no part {unknown.pop()!r}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    busy = busy_share()
    runs = [_measure(options) for _ in range(options.runs)]
    _print(median_of_runs(runs), busy, options)
    return 0


def _measure(options: argparse.Namespace) -> list[Figure]:
    chosen = options.part or PARTS
    figures: list[Figure] = []
    if staged := [part for part in ON_STAGE if part in chosen]:
        figures += asyncio.run(_on_stage(staged, options))
    if dsp_time.PART in chosen:
        figures += dsp_time.measure()
    return figures


async def _on_stage(parts: list[str], options: argparse.Namespace) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="tipring-bench-") as folder:
        async with Stage.open(Path(folder) / OFFICE, OFFICE, MONDAY) as stage:
            for part in parts:
                figures += await ON_STAGE[part](stage, options)
    return figures


def _print(figures: list[Figure], busy: float, options: argparse.Namespace) -> None:
    about = {
        "date": f"{datetime.now():%Y-%m-%d}",
        "machine": machine_kind(),
        "runs": options.runs,
        "waiting_per_core": round(busy, 2),
    }
    if options.json:
        print(json.dumps({**about, "figures": [figure.as_dict() for figure in figures]}))
        return
    print(f"{about['date']}, {about['machine']}, median of {options.runs} run(s)")
    print(f"processes that wanted to run before the start, a core: {busy:.2f}")
    for part in dict.fromkeys(figure.part for figure in figures):
        print(part)
        for figure in figures:
            if figure.part == part:
                print(figure.line())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the box.")
    add = parser.add_argument
    add("part", nargs="*", help=f"default: all of {', '.join(PARTS)}")
    add("--json", action="store_true", help="for machines")
    add("--runs", type=int, default=1, help="repeat everything, give medians")
    add("--calls", type=int, default=100, help="SIP calls of set-up")
    add("--rings", type=int, default=24, help="calls of ring, each for tones and pulses")
    add("--talks", type=int, default=3, help="talks of delay, of each kind")
    add("--seconds", type=float, default=15.0, help="length of a window of load")
    add("--starts", type=int, default=5, help="starts of the exchange")
    return parser


if __name__ == "__main__":
    sys.exit(main())
