# SPDX-License-Identifier: GPL-2.0-or-later
"""The one description of the card's message set, and what writes the code of both ends from it."""
