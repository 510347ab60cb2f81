# SPDX-License-Identifier: GPL-2.0-or-later
"""The SIP stack: sans-I/O machines (RFC 3261) and one thin asyncio transport."""
