# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated board: the card's own firmware on MicroPython, with telephones and exchange lines.

Start it with :meth:`board.sim.client.SimulatedBoard.start` or ``python -m board.sim --dir DIR``.
"""
