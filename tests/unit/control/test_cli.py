# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: what each command takes, and what it says when it cannot do it."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from firmware.control import cli
from firmware.control.protocol import MOST_RECORDS

ROOT = Path(__file__).parents[3]
OFFICES = ROOT / "board" / "sim" / "offices"
R1, R2 = OFFICES / "r1.toml", OFFICES / "r2.toml"
BROKEN = ROOT / "tests" / "data" / "broken" / "17-unknown-block.toml"
NOON = "2026-05-04T12:00"  # a Monday
COMMANDS = {
    "run": "OFFICE",
    "exchange": "--wall-clock",
    "media": "--rtp-ports",
    "check": "--json",
    "compile": "--output",
    "what-if": "--answered-by",
    "status": "--json",
    "calls": "--json",
    "records": "--limit",
    "hang-up": "CALL",
    "tui": "--control",
    "demo": "--keep",
}


def tipring(*words: object) -> int:
    """Exit status, argparse's own exits included."""
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


def parsed(*words: str) -> argparse.Namespace:
    return cli._parser().parse_args(words)


# ------------------------------------------------------------------ words


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring(command, "--help") == 0
    said = capsys.readouterr()
    assert COMMANDS[command] in said.out and said.err == ""


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("--help") == 0
    out = capsys.readouterr().out
    assert all(f"    {command} " in out for command in COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("run", "exchange", "media")])
def test_each_command_exists(command: str) -> None:
    needed = {"check": ["x"], "compile": ["x"], "hang-up": ["x"], "what-if": ["x", "--line", "y"]}
    module, function = parsed(command, *needed.get(command, [])).command.split(":")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "required: COMMAND"),
        (["coffee"], "invalid choice: 'coffee'"),
        (["what-if", "o.toml"], "required: --line"),
        (["what-if", "o.toml", "--line", "FXO1", "--at", "noon"], "'noon' is no ISO 8601 time"),
        (["what-if", "o.toml", "--line", "FXO1", "--keys", "12x"], "no telephone has a key 'x'"),
        (["media", "--rtp-ports", "20000-10000"], "is no range of ports, such as 10000-20000"),
        (["media", "--rtp-ports", "80-90"], "is no range of ports"),
        (["media", "--rtp-ports", "10000"], "is no range of ports"),
        (["records", "--limit", "0"], "'0' is no number from 1 to 1000"),
        (["records", "--limit", "many"], "'many' is no number from 1 to 1000"),
        (["exchange", "o.toml", "--wall-clock", "x"], "is no ISO 8601 time"),
    ],
)
def test_wrong_words(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring(*words) == 2
    assert sentence in capsys.readouterr().err


def test_values() -> None:
    given = parsed(
        *("what-if", "o.toml", "--line", "FXO1", "--from", "0501", "--at", NOON),
        *("--busy", "101,102,", "--keys", "1#*", "--answered-by", "103", "--json"),
    )
    assert given.at == datetime(2026, 5, 4, 12, 0)
    assert (given.busy, given.keys) == (("101", "102"), "1#*")
    assert (given.caller, given.json) == ("0501", True)
    assert parsed("media", "--rtp-ports", "10000-10100").rtp_ports == (10000, 10100)
    assert parsed("records", "--limit", str(MOST_RECORDS)).limit == cli.MOST_RECORDS


# ------------------------------------------------------------------ the office file


def test_check_accepts(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("check", R1) == 0
    assert capsys.readouterr().out.startswith("Shop of fifteen: people 15, telephones 15")


def test_check_accepts_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("check", R1, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True and answer["problems"] == []
    assert answer["summary"]["people"] == 15


def test_check_refuses_in_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("check", BROKEN) == 1
    first = capsys.readouterr().out.splitlines()[0]
    place, _, sentence = first.partition(": ")
    assert place.startswith(f"{BROKEN}:") and int(place.rpartition(":")[2]) > 0
    assert sentence.startswith(("block ", "Block ")) and sentence.endswith((".", "?"))


def test_check_refuses_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("check", BROKEN, "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False and answer["summary"] is None
    assert set(answer["problems"][0]) == {"file", "line", "text"}


def test_check_of_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("check", tmp_path / "none.toml") == 1
    assert "cannot be read: No such file or directory." in capsys.readouterr().out


def test_compile_writes_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = shutil.copy(R1, tmp_path / "office.toml")
    assert tipring("compile", office) == 0
    assert f"written to {tmp_path / 'office.table'}" in capsys.readouterr().out
    assert (tmp_path / "office.table").stat().st_size > 0


def test_compile_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "x.table"
    assert tipring("compile", R1, "--output", table, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["table"] == str(table) and len(answer["summary"]["hash"]) == 64


def test_compile_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("compile", BROKEN, "--output", tmp_path / "x") == 2
    said = capsys.readouterr()
    assert str(BROKEN) in said.err and said.out == "" and not (tmp_path / "x").exists()


def test_compile_into_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("compile", R1, "--output", tmp_path / "no" / "x") == 2
    assert "the table cannot be written (No such file" in capsys.readouterr().err


def test_what_if_tells_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("what-if", R1, "--line", "FXO1", "--at", NOON, "--answered-by", "103") == 0
    steps = capsys.readouterr().out.splitlines()
    assert "Monday 4 May 2026 12:00" in steps[0]
    assert "play greeting" in steps[1]
    assert steps[-1].endswith("103 answers")


def test_what_if_busy_people_do_not_ring(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--at", NOON, "--busy", "101,102", "--answered-by", "103")
    assert tipring("what-if", R1, "--line", "FXO1", *given) == 0
    assert "rings 103, 104" in capsys.readouterr().out


def test_what_if_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert tipring("what-if", R2, "--line", "FXO1", "--at", NOON, "--keys", "103", "--json") == 0
    steps: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert any("caller presses 103" in step["text"] for step in steps)
    assert [step["at_s"] for step in steps] == sorted(step["at_s"] for step in steps)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--line", "FXO9"], '"FXO9" is neither a scheme nor a line that has one.'),
        (["--line", "FXO1", "--busy", "101,999"], "Nobody has extension 999. There are 101, 102"),
        (["--line", "FXO1", "--answered-by", "7"], "Nobody has extension 7."),
    ],
)
def test_what_if_refuses(
    given: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tipring("what-if", R1, *given) == 2
    assert sentence in capsys.readouterr().err


def test_what_if_without_prompts_guesses_their_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("firmware.control.office.default_root", lambda: tmp_path)
    assert tipring("what-if", R1, "--line", "FXO1", "--at", NOON, "--json") == 0
    steps = json.loads(capsys.readouterr().out)
    assert next(step["seconds"] for step in steps if step["block"] == "hello") == 3.0


# ------------------------------------------------------------------ faults


@pytest.mark.parametrize("command", [("status",), ("calls",), ("records",), ("hang-up", "c1")])
def test_no_exchange(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none"
    assert tipring(*command, "--control", path) == 2
    sentence = f"No exchange answers on {path} (No such file or directory): is it running?\n"
    assert capsys.readouterr().err == sentence


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (PermissionError(13, "Permission denied", "/var/lib/tipring"), 2, "Permission denied"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_faults_of_a_command(
    error: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(options: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("firmware.control.live.status", fail)
    assert tipring("status") == status
    assert said in capsys.readouterr().err


def test_reader_that_has_enough() -> None:
    """`tipring ... | true`: no traceback."""
    words = f"what-if {R1} --line FXO1 --at {NOON}"
    command = f"set -o pipefail; {sys.executable} -m firmware {words} | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0 when the pipe took all of it before its end went


def test_compiled_table_serves_where_the_office_file_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "r2.table"
    assert tipring("compile", str(OFFICES / "r2.toml"), "--output", str(table)) == 0
    capsys.readouterr()
    way = ["--line", "FXO1", "--at", "2026-11-23T10:00", "--keys", "105"]
    assert tipring("what-if", str(table), *way) == 0
    from_table = capsys.readouterr().out
    assert tipring("what-if", str(OFFICES / "r2.toml"), *way) == 0
    assert capsys.readouterr().out == from_table
    table.write_bytes(table.read_bytes()[:-40])
    assert tipring("what-if", str(table), *way) == 2
    assert "Compile the office again" in capsys.readouterr().err
