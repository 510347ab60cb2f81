# SPDX-License-Identifier: GPL-2.0-or-later
"""The office file: its schema, reading it, and checking that its names lead somewhere."""
