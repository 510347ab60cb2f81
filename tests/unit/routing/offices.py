# SPDX-License-Identifier: GPL-2.0-or-later
"""Small offices written as text, read and compiled as on the box."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from zoneinfo import ZoneInfo

from firmware.clock import Now
from firmware.config.check import broken_names
from firmware.config.names import declared_names
from firmware.config.parse import parse
from firmware.config.positions import key_lines
from firmware.config.problems import OfficeRefused, Source
from firmware.config.schema import Office
from firmware.media.prompts import known_keys
from firmware.routing.compile import compile_office
from firmware.routing.table import Table

HEAD = """
[office]
name = "Test office"
language = "en"
country = "UA"
time_zone = "Europe/Kyiv"
emergency = ["112"]
emergency_behind_prefix = ["101"]

[sip]

[[cards]]
name = "card1"
revision = "r1"
device = "/dev/null"
audio = "hw:0"

[[lines]]
name = "FXS1"
kind = "fxs"
card = "card1"
port = "FXS1"
receive_gain_db = -3.0

[[lines]]
name = "FXS2"
kind = "fxs"
card = "card1"
port = "FXS2"

[[lines]]
name = "FXO1"
kind = "fxo"
card = "card1"
port = "FXO1"
scheme = "main"
number = "0445550101"
dialling = "pulse"
disconnect = ["busy-tone"]
country = "PL"

[[trunks]]
name = "city"
kind = "group"
lines = ["FXO1"]

[[trunks]]
name = "itsp"
kind = "sip"
host = "127.0.0.1"
port = 5080
scheme = "main"
numbers = { "+380445550199" = "direct" }

[[people]]
extension = "201"
name = "Anna"
devices = ["FXS1"]
sip_password = "anna"
mailbox = true
pin = "2468"
classes = ["national", "international"]
answer_time_s = 12
mobile = "+380501110101"

[[people]]
extension = "202"
name = "Boris"
sip_password = "boris"
classes = ["local"]

[[queues]]
name = "sales"
number = "300"
strategy = "round-robin"
members = ["201", "202"]
answer_time_s = 15
max_wait_s = 60

[[schedules]]
name = "office"
open = { mon = ["09:00-18:00"], sat = ["22:00-02:00"] }
holidays = [2026-01-05]
special_days = { "2026-01-06" = ["10:00-11:00"] }

[[outside]]
prefix = "9"
trunks = ["city", "itsp"]
class = "national"

[[outside]]
prefix = "900"
trunks = ["itsp"]
class = "international"
min_digits = 8

[[outside]]
prefix = "8"
add = "044"
trunks = ["FXO1"]
class = "local"
min_digits = 7
max_digits = 7

[schemes.direct]
start = "ring"
number = "401"
blocks.ring = { kind = "person", person = "201" }
"""

MAIN = """
[schemes.main]
start = "hours"
number = "400"
[schemes.main.blocks]
hours = { kind = "hours", schedule = "office", open = "hello", closed = "closed" }
hello = { kind = "greeting", next = "menu" }
closed = { kind = "announce", prompt = "closed" }
bye = { kind = "hangup", prompt = "goodbye" }
dial = { kind = "dial", otherwise = "sales", tries = 2 }
sales = { kind = "queue", queue = "sales", otherwise = "boss", full = "bye", empty = "all" }
all = { kind = "group", people = ["201", "202"], otherwise = "boss", busy = "mobile" }
boss = { kind = "person", person = "202", otherwise = "box" }
box = { kind = "voicemail", mailbox = "201", full = "bye" }

[schemes.main.blocks.menu]
kind = "menu"
keys = { 1 = "sales", 2 = "dial", 9 = "hello", "#" = "bye" }
otherwise = "dial"
tries = 2

[schemes.main.blocks.mobile]
kind = "outside"
number = "0501110101"
trunks = ["city", "itsp"]
otherwise = "box"
failed = "bye"
"""

Change = tuple[str, str]


def office(*changes: Change, scheme: str = MAIN) -> Office:
    """The office of HEAD and a scheme, with old text replaced by new, read and checked."""
    text = HEAD + scheme
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    source = Source("office.toml", key_lines(text), date(2026, 1, 1))
    data = tomllib.loads(text)
    found, problems = parse(data, source)
    if found is not None:
        problems += broken_names(found, declared_names(data), known_keys())
    if found is None or problems:
        raise OfficeRefused(problems)
    return found


def compiled(*changes: Change, scheme: str = MAIN) -> Table:
    """Its table; ConfigError when the office is refused."""
    return compile_office(office(*changes, scheme=scheme))


def now(text: str = "2026-01-12 10:00", mono_s: float = 0.0) -> Now:
    """A local time of the office; the default is a Monday in working hours."""
    return Now(mono_s, datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Kyiv")))
