# SPDX-License-Identifier: GPL-2.0-or-later
"""The line card's link. frame, hello, link and messages run on the host and, unchanged, on the card."""
