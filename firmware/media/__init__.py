# SPDX-License-Identifier: GPL-2.0-or-later
"""The media host, its protocol, prompts and voicemail."""
