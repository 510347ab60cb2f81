# SPDX-License-Identifier: GPL-2.0-or-later
"""What processes use, read from /proc, and what kind of machine this is."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

NS_PER_S = 1_000_000_000
KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of processes, MiB."""

    rss: float  # pages in memory, shared ones counted fully
    pss: float  # shared pages counted by their share


def processor_s(pids: list[int]) -> float:
    """User and system time that these processes' threads have used, seconds."""
    return sum(_run_ns(pid) for pid in pids) / NS_PER_S


def with_children(pid: int) -> list[int]:
    """A process and all processes below it."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(below for child in children for below in with_children(child))]


def memory(pid: int) -> Memory:
    """Resident memory of one process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(kib["Rss"] / KIB_PER_MIB, kib["Pss"] / KIB_PER_MIB)


def machine_kind() -> str:
    """Processor, cores and system in one line, without the machine's name."""
    cores = os.cpu_count() or 1
    kind = "virtual machine" if _is_virtual() else "machine"
    return f"{cores}-core {platform.machine()} {kind}, Linux, Python {platform.python_version()}"


def busy_share() -> float:
    """How many processes want to run, a core: above 1 figures are worse than the program."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _run_ns(pid: int) -> int:
    """From the scheduler's own clock: /proc/PID/stat counts whole ticks of 10 ms only."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def _is_virtual() -> bool:
    text = Path("/proc/cpuinfo").read_text()
    return "hypervisor" in text
