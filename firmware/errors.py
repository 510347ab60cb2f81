# SPDX-License-Identifier: GPL-2.0-or-later
"""The exception tree. Each message is a sentence: what, where, what to do next."""

from __future__ import annotations


class TipringError(Exception):
    """Base of all errors of this project."""


class ConfigError(TipringError):
    """The office file or another setting is wrong; the installer can mend it."""


class LocalError(TipringError):
    """We misused a machine: our own bug."""


class PeerError(TipringError):
    """The other side broke its protocol."""


class HardwareError(TipringError):
    """A card, modem, sound device or disk failed."""


class NativeError(TipringError):
    """The C core refused an order."""
