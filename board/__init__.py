# SPDX-License-Identifier: GPL-2.0-or-later
"""The board: card firmware, simulated board, revisions and tools."""
