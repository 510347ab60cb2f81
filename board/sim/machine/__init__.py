# SPDX-License-Identifier: GPL-2.0-or-later
"""The card's chip on the simulated board: machine.py is for MicroPython, start.py starts it."""
