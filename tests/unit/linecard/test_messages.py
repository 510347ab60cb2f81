# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from drivers.linecard import messages
from drivers.linecard.frame import MAX_PAYLOAD
from drivers.linecard.schema import generate


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (messages.StartRinging(2, (1000, 4000)), b"\x10\x02\xe8\x03\xa0\x0f"),
        (messages.StopRinging(7), b"\x11\x07"),
        (messages.DialPulses(8, "0440"), b"\x17\x080440"),
        (messages.PortState(1, True, False, True, False), b"\x40\x01\x01\x00\x01\x00"),
        (messages.ConfigureCard(60_000), b"\x20\x60\xea"),
    ],
)
def test_on_the_wire(message: tuple[object, ...], data: bytes) -> None:
    assert messages.encode(message) == data
    assert messages.decode(data) == message
    assert type(messages.decode(data)) is type(message)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "unknown"),
        (b"\x00", "unknown"),
        (b"\x11", "length"),
        (b"\x11\x00\x00", "length"),
        (b"\x41\x00\x02", "neither"),
        (b"\x10\x02\xe8", "half a number"),
        (b"\x17\x08\xff", "not ASCII"),
        (b"\x17\x08\n", "not ASCII"),
    ],
)
def test_what_is_no_message(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        messages.decode(data)


def test_the_largest_message_fits_a_frame() -> None:
    assert len(messages.encode(messages.StartRinging(0, (65_535,) * 16))) <= MAX_PAYLOAD


def test_generated_files_are_what_the_schema_gives() -> None:
    assert generate.main(["--check"]) == 0


def test_the_hash_follows_the_set_and_not_its_words() -> None:
    def source(doc: str, field: str) -> str:
        return generate.messages_source(
            f'[[message]]\nname="Hook"\ncode=1\ndoc="{doc}"\nfields={{ port="{field}" }}\n'
        )

    def line(text: str) -> str:
        return next(part for part in text.splitlines() if part.startswith("SCHEMA_HASH"))

    assert line(source("One.", "u8")) == line(source("Two.", "u8"))
    assert line(source("One.", "u8")) != line(source("One.", "u16"))


@pytest.mark.parametrize(
    ("fields", "code", "why"),
    [
        ('{ port="u8" }', 1, "used twice"),
        ('{ port="u9" }', 2, "unknown type"),
        ('{ many="u16[]", port="u8" }', 2, "before the end"),
    ],
)
def test_a_schema_that_breaks_the_rules_is_refused(fields: str, code: int, why: str) -> None:
    text = '[[message]]\nname="A"\ncode=1\ndoc="."\nfields={ port="u8" }\n'
    text += f'[[message]]\nname="B"\ncode={code}\ndoc="."\nfields={fields}\n'
    with pytest.raises(ValueError, match=f"B: .*{why}|A: .*{why}"):
        generate.messages_source(text)


def test_the_generator_writes_what_is_missing(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    root = Path(str(tmp_path))
    for folder in ("drivers/linecard", "board/linecard"):
        (root / folder).mkdir(parents=True)
    monkeypatch.setattr(generate, "ROOT", root)
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
