# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept: call events and the records derived from them, messages, settings."""
