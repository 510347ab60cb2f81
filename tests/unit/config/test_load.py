# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading office files: all errors at once, recordings, unreadable files."""

from __future__ import annotations

import wave
from datetime import date
from pathlib import Path

import pytest

from firmware.config.load import load_office, read_office
from firmware.config.problems import OfficeRefused, Problem, Source
from firmware.errors import ConfigError
from firmware.routing.compile import compile_office

OFFICES = Path(__file__).parents[3] / "board" / "sim" / "offices"
R1 = (OFFICES / "r1.toml").read_text(encoding="utf-8")


def written(path: Path, *changes: tuple[str, str]) -> Path:
    text = R1
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    file = path / "office.toml"
    file.write_text(text, encoding="utf-8")
    return file


def complaints(path: Path) -> list[str]:
    with pytest.raises(OfficeRefused) as refused:
        load_office(path)
    return [problem.text for problem in refused.value.problems]


def test_an_office_knows_its_file_and_the_day_it_was_read() -> None:
    office = load_office(OFFICES / "r1.toml", date(2026, 5, 1))
    assert office.source.read_on == date(2026, 5, 1)
    line = office.source.line(("people", 0, "extension"))
    assert R1.splitlines()[line - 1] == 'extension = "101"'
    assert load_office(OFFICES / "r1.toml").source.read_on >= date(2026, 5, 1)


def test_wrong_values_do_not_hide_wrong_names(tmp_path: Path) -> None:
    found = complaints(
        written(
            tmp_path,
            ('country = "UA"', 'country = "XX"'),
            ('kind = "sip"', 'kind = "sipp"'),
            ('extension = "103"', "extension = 103"),
            ('kind = "greeting"', 'kind = "greting"'),
            ('otherwise = "sorry"', 'otherwise = "sory"'),
            ('schedule = "office"', 'schedule = "offce"'),
            ('prefix = "8"', "prefix = 8"),
            ('number = "300"', "number = 300"),
        )
    )
    assert [text.split(";")[0] for text in found] == [
        'country = "XX" must be one of "RU", "UA", "PL", "DE", "UK", "US".',
        'kind = "sipp" must be one of "group", "sip"',
        "extension = 103 must be text in quotes.",
        "prefix = 8 must be text in quotes.",
        "number = 300 must be text in quotes.",
        'kind = "greting" must be one of "greeting", "hours", "menu", "dial", "queue", "person", '
        '"group", "voicemail", "outside", "announce", "hangup"',
        'there is no schedule "offce"',
        'block "managers" leads by "otherwise" to "sory", which is no block of this scheme',
    ]


def test_a_whole_table_of_the_wrong_shape(tmp_path: Path) -> None:
    found = complaints(written(tmp_path, ("[[queues]]\n", "[queues]\n")))
    assert found[0] == "queues = {...} must be a list in brackets."


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("[office]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[sip]\n", 'unknown key "nme"; the keys here are "listen", "realm", '),
        ("[[cards]]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[[lines]]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[[trunks]]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[[people]]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[[queues]]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[[schedules]]\n", 'unknown key "nme"; did you mean "name"?'),
        ("[[outside]]\n", 'unknown key "nme"; the keys here are "prefix", "strip", "add", '),
        ("[schemes.main]\n", 'unknown key "nme"; did you mean "number"?'),
        ("[schemes.main.blocks.hello]\n", 'unknown key "nme"; did you mean "next"?'),
    ],
)
def test_an_unknown_key_anywhere(tmp_path: Path, before: str, text: str) -> None:
    found = complaints(written(tmp_path, (before, f"{before}nme = 1\n")))
    assert len(found) == 1 and found[0].startswith(text)


def test_an_unknown_table(tmp_path: Path) -> None:
    assert complaints(written(tmp_path, ("[sip]", "[sipp]"))) == [
        'unknown key "sipp"; did you mean "sip"?',
    ]


def test_a_scheme_without_blocks_is_left_out_of_further_checks(tmp_path: Path) -> None:
    bare = "[schemes.bare]\nstart = 5\n\n[schemes.main]\n"
    assert complaints(written(tmp_path, ("[schemes.main]\n", bare))) == [
        'the key "blocks" is missing.',
        "start = 5 must be text in quotes.",
    ]


def test_elements_behind_a_wrong_one_keep_their_lines(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        ('extension = "102"', "extension = 102"),
        ('extension = "104"', "extension = 104"),
        ('devices = ["FXS5"]', 'devices = ["FXS9"]'),
    )
    text = 'there is no FXS line "FXS9"; did you mean "FXS8"?'
    (problem,) = [p for p in read_office(file).problems if p.text == text]
    assert file.read_text().splitlines()[problem.line - 1] == 'devices = ["FXS9"]'


def test_an_office_that_is_no_table() -> None:
    reading = read_office(OFFICES / "none.toml")
    assert reading.office is None and "cannot be read" in reading.problems[0].text


@pytest.mark.parametrize(
    ("content", "line", "text"),
    [
        (b"office = 5\n", 1, "office = 5 must be a table of keys and values."),
        (b"schemes = 5\n", 0, 'the key "office" is missing.'),
        (b"lines = [5]\n", 0, 'the key "office" is missing.'),
        (b"[office]\nname = \xff\n", 0, "The file is not UTF-8 text: invalid start byte."),
        (b"a = 1\na = 2\n", 2, "The file is not valid TOML: Cannot overwrite a value."),
        (b"a = '''\n\n", 3, "The file is not valid TOML: "),
    ],
)
def test_files_that_are_no_office(tmp_path: Path, content: bytes, line: int, text: str) -> None:
    path = tmp_path / "office.toml"
    path.write_bytes(content)
    problems = read_office(path).problems
    assert (problems[0].line, problems[0].text[: len(text)]) == (line, text)


def test_the_message_lists_every_problem_in_order() -> None:
    source = Source("o.toml", {("a",): 7, ("b",): 3})
    refused = OfficeRefused([source.problem(("a", "x", 1), "Two."), source.problem(("b",), "One.")])
    assert str(refused) == "o.toml:3: One.\no.toml:7: Two."
    assert isinstance(refused, ConfigError)
    assert source.problem(("c",), "x") == Problem("o.toml", 0, "x")


def recording(path: Path, rate_hz: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(bytes(1600))


def test_own_recordings_are_prompts(tmp_path: Path) -> None:
    recording(tmp_path / "own" / "uk" / "spring_sale.wav")
    recording(tmp_path / "own" / "common" / "jingle.wav")
    file = written(
        tmp_path,
        ('language = "uk"', 'language = "uk"\nrecordings = "own"'),
        ('prompt = "greeting"', 'prompt = ["jingle", "spring_sale"]'),
    )
    office = load_office(file)
    assert compile_office(office).data.recordings == str(tmp_path / "own")
    assert compile_office(load_office(OFFICES / "r1.toml")).data.recordings == ""


def test_a_recording_that_cannot_be_played_is_refused_with_the_reason(tmp_path: Path) -> None:
    recording(tmp_path / "own" / "uk" / "greeting.wav", rate_hz=44100)
    file = written(tmp_path, ('language = "uk"', 'language = "uk"\nrecordings = "own"'))
    (text,) = complaints(file)
    assert "greeting.wav: 44100 Hz, 1 channels, 16 bits. Convert it: sox" in text


def test_list_where_a_kind_belongs_is_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, ('kind = "fxs"', "kind = []"))
    assert complaints(path) == ['kind = "[]" must be one of "fxs", "fxo".']
