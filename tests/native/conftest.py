# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the C core share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from native._core import ffi, lib


@pytest.fixture(scope="session")
def units() -> SimpleNamespace:
    """The pure C units as they are, without the engine: ``units.lib`` and cffi's ``units.ffi``."""
    return SimpleNamespace(ffi=ffi, lib=lib)
