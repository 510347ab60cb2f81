# SPDX-License-Identifier: GPL-2.0-or-later
"""The C media core and its Python face."""
