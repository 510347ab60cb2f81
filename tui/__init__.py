# SPDX-License-Identifier: GPL-2.0-or-later
"""The text console for installers."""
