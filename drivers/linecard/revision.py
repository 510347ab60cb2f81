# SPDX-License-Identifier: GPL-2.0-or-later
"""Which ports a card revision has, from board/revisions/."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

REVISIONS = Path(__file__).resolve().parents[2] / "board/revisions"


@dataclass(frozen=True, slots=True)
class CardPort:
    """One port; its number on the link is its place in the revision."""

    name: str  # as on the housing: FXS1 ... FXO1 ...
    kind: str  # "fxs" or "fxo"
    channel: int  # in the card's sound stream


@dataclass(frozen=True, slots=True)
class Revision:
    """A card's ports and its sound stream."""

    name: str
    baud: int
    channels: int  # of the sound stream
    ports: tuple[CardPort, ...]

    def port(self, name: str) -> CardPort:
        """The port with this name. KeyError lists the names there are."""
        for port in self.ports:
            if port.name == name:
                return port
        known = ", ".join(port.name for port in self.ports)
        raise KeyError(f"card revision {self.name} has no port {name}; it has {known}")


def parse_revision(text: str) -> Revision:
    """The revision that this TOML describes. KeyError names what is missing."""
    data = tomllib.loads(text)
    ports = tuple(CardPort(p["name"], p["kind"], p["channel"]) for p in data["ports"])
    return Revision(data["revision"], data["link"]["baud"], data["audio"]["channels"], ports)


def read_revision(name: str) -> Revision:
    """The revision of this name. FileNotFoundError says which ones there are. Start-up only."""
    path = REVISIONS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in REVISIONS.glob("*.toml")))
        raise FileNotFoundError(f"there is no card revision {name}; known are {known}")
    return parse_revision(path.read_text(encoding="utf-8"))
