# SPDX-License-Identifier: GPL-2.0-or-later
"""What every test gets: a clock that only moves when told, and a check that nothing is left.

A task or thread that outlives its test belongs to nobody and would fail some later test, so the
test that left it fails instead. Warnings become errors in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import settings

from firmware.clock import Now

THREAD_GRACE_S = 1.0  # a thread that was told to stop may still be on its last lines

# No deadline for one example: a busy machine would fail it. In CI the same examples every time,
# so that a change fails for what it did; new examples are found where people work.
settings.register_profile("tipring", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tipring")


class FakeClock:
    """The instant that machines are given; it moves only by advance()."""

    def __init__(self) -> None:
        self.mono_s = 1000.0
        self.wall = datetime(2026, 10, 26, 10, 0, tzinfo=UTC)  # a Monday, in working hours

    def now(self) -> Now:
        """The present instant."""
        return Now(mono_s=self.mono_s, wall=self.wall)

    def advance(self, seconds: float) -> Now:
        """Move both clocks forward and tell the new instant."""
        self.mono_s += seconds
        self.wall += timedelta(seconds=seconds)
        return self.now()


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock of the test's own."""
    return FakeClock()


@pytest_asyncio.fixture
async def no_leaked_task(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail an asynchronous test that leaves a task running."""
    yield
    own = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not own and not task.done()]
    assert not left, f"{request.node.nodeid} left tasks running: {left}"


@pytest.fixture(autouse=True)
def _watch_tasks(request: pytest.FixtureRequest) -> None:
    """Watch the tasks of asynchronous tests only: the others need no event loop."""
    if request.node.get_closest_marker("asyncio") is not None:
        request.getfixturevalue("no_leaked_task")


@pytest.fixture(autouse=True)
def _no_leaked_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread running; a daemon thread counts too."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + THREAD_GRACE_S
    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith("asyncio_"):  # the loop's executor outlives one test
            thread.join(max(0.0, end - time.monotonic()))
            assert not thread.is_alive(), f"{request.node.nodeid} left the thread {thread.name}"
