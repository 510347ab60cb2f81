# SPDX-License-Identifier: GPL-2.0-or-later
"""The command ``tipring``."""

from __future__ import annotations

import sys

from firmware.control.cli import main

if __name__ == "__main__":
    sys.exit(main())
