# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import tomllib

import pytest

from drivers.linecard.revision import REVISIONS, CardPort, read_revision

CARD = "tipring-8s4o-r1"


def test_ports_in_order() -> None:
    revision = read_revision(CARD)
    names = [f"FXS{n}" for n in range(1, 9)] + [f"FXO{n}" for n in range(1, 5)]
    assert [port.name for port in revision.ports] == names
    assert [port.channel for port in revision.ports] == list(range(12))
    assert revision.port("FXO1") == CardPort("FXO1", "fxo", 8)
    assert revision.channels == 12


def test_an_unknown_port_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="no port FXS9; it has FXS1, FXS2"):
        read_revision(CARD).port("FXS9")


def test_an_unknown_revision_names_those_there_are() -> None:
    with pytest.raises(FileNotFoundError, match=f"no card revision x; known are {CARD}"):
        read_revision("x")


@pytest.mark.parametrize("path", sorted(REVISIONS.glob("*.toml")), ids=lambda path: path.stem)
def test_no_pin_is_used_twice_and_all_exist(path: object) -> None:
    data = tomllib.loads(path.read_text())  # type: ignore[attr-defined]
    pins = [*data["pins"].values(), data["link"]["tx"], data["link"]["rx"]]
    pins += [
        pin for port in data["ports"] for key, pin in port.items()
        if key not in ("name", "kind", "channel")
    ]  # fmt: skip
    assert len(set(pins)) == len(pins)
    assert all(0 <= pin < 48 for pin in pins)  # RP2350B
