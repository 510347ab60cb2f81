# SPDX-License-Identifier: GPL-2.0-or-later
"""Hardware adapters that implement the ports named in firmware.ports."""
