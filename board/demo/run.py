# SPDX-License-Identifier: GPL-2.0-or-later
"""``tipring demo``: play the scenarios, one stage for neighbours in the same office."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from board.demo.report import Report
from board.demo.scenarios import SCENARIOS, Scenario
from board.demo.stage import Stage
from firmware.errors import ConfigError

LONGEST_S = 120.0  # a scenario that takes longer hangs


def main(options: argparse.Namespace) -> int:
    """0 only if every check of every scenario holds."""
    chosen = _chosen(options.scenario)
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        reports = asyncio.run(_play_all(chosen, options.keep, options.json))
    else:
        with tempfile.TemporaryDirectory(prefix="tipring-demo-") as folder:
            reports = asyncio.run(_play_all(chosen, Path(folder), options.json))
    if not options.json:
        _print_summary(reports)
    return 0 if all(report.ok for report in reports) else 1


def _chosen(names: Sequence[str]) -> list[Scenario]:
    known = {scenario.name: scenario for scenario in SCENARIOS}
    for name in names:
        if name not in known:
            raise ConfigError(f"There is no scenario {name!r}; there are {', '.join(known)}.")
    return [scenario for scenario in SCENARIOS if not names or scenario.name in names]


async def _play_all(chosen: list[Scenario], folder: Path, quiet: bool) -> list[Report]:
    """Play each office's scenarios one after the other, the offices of two lanes side by side."""
    stages = [list(group) for _, group in groupby(chosen, key=lambda s: (s.office, s.at))]
    lanes = [[group for group in stages if group[0].lane == lane] for lane in (0, 1)]
    played = await asyncio.gather(*(_play_lane(lane, folder, quiet) for lane in lanes))
    return [report for reports in played for report in reports]


async def _play_lane(stages: list[list[Scenario]], folder: Path, quiet: bool) -> list[Report]:
    reports: list[Report] = []
    for scenarios in stages:
        office, at = scenarios[0].office, scenarios[0].at
        if not quiet:
            print(f"office {office} on {at:%A %H:%M}: board, media host and exchange start")
        async with Stage.open(folder / f"{office}-{at:%a}".lower(), office, at) as stage:
            for scenario in scenarios:
                reports.append(await _play(stage, scenario, quiet))
    return reports


async def _play(stage: Stage, scenario: Scenario, quiet: bool) -> Report:
    report = Report(scenario.name, quiet)
    report.say(str(scenario.play.__doc__), "▶")
    try:
        async with asyncio.timeout(LONGEST_S):
            await scenario.play(stage, report)
    except Exception as error:  # whatever it is, it goes into the report and the rest is played
        report.fail(error)
        await stage.quieten()
    report.finish()
    if quiet:
        report.print_json()
    return report


def _print_summary(reports: Sequence[Report]) -> None:
    print()
    for report in reports:
        failed = [name for name, check in report.checks.items() if not check.holds]
        why = f"  {report.error or ', '.join(failed)}" if not report.ok else ""
        mark = "✓" if report.ok else "✗"
        course = f"{report.seconds:6.1f} s {len(report.checks):3} checks"
        print(f"  {mark} {report.scenario:<16} {course}{why}")
    print(f"{sum(report.ok for report in reports)} of {len(reports)} scenarios hold")
