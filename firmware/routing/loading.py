# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of an office: compiled from its file, or loaded as it was compiled. Reads files."""

from __future__ import annotations

from pathlib import Path

from firmware.config.load import load_office
from firmware.routing.compile import compile_office
from firmware.routing.table import Table

TABLE_SUFFIX = ".table"


def table_of(path: Path) -> Table:
    """A compiled table is loaded as it is, an office file is compiled and proved.

    ConfigError with every reason when it is refused or damaged.
    """
    if path.suffix == TABLE_SUFFIX:
        return Table.load(path)
    return compile_office(load_office(path))
