# SPDX-License-Identifier: GPL-2.0-or-later
"""Measurements of the running box: ``python -m bench``. docs/performance.md keeps the figures."""
