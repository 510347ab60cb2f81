# SPDX-License-Identifier: GPL-2.0-or-later
"""The PBX core and its processes."""

__version__ = "0.1.0"
