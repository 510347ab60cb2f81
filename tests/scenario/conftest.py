# SPDX-License-Identifier: GPL-2.0-or-later
"""A running office for each module, and what must hold after each of its tests.

A module of scenarios names its office in ``OFFICE``, its time of day in ``AT`` and, in ``CHANGES``,
which of the office's lines it wants otherwise (see `board.demo.office.staged`). Its tests run in
one event loop (``pytestmark = pytest.mark.asyncio(loop_scope="module")``) and share the stage.
After a test every handset is down, no call is left, every line is idle, and no process wrote an
error that the test did not announce with :meth:`Scene.expect_in_log`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from board.demo.stage import Stage
from tests.scenario.scene import Scene


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The module's office, all lines in service."""
    module: Any = request.module
    folder = tmp_path_factory.mktemp("stage")
    changes = getattr(module, "CHANGES", {})
    async with Stage.open(folder, module.OFFICE, module.AT, changes=changes) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    """The stage at rest before the test; looked over afterwards."""
    scene = await Scene.at_rest(stage)
    try:
        yield scene
    finally:
        await scene.clear()
    await scene.check()


@pytest.fixture(autouse=True)
def _no_leaked_thread() -> None:
    """A process started in a test may live as long as the stage, and asyncio's thread with it."""
