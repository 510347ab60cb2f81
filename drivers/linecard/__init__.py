# SPDX-License-Identifier: GPL-2.0-or-later
"""The line card's link. frame, hello, link and messages also run, unchanged, on the card."""
