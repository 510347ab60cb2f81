# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of the documents that are made from the code."""
