# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls, queues, agents, voicemail dialogues: everything that decides who talks to whom. Pure."""
