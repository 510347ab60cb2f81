# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the tables of docs/lines.md from the code: ``python -m docs.tools.lines``.

Between two marks ``<!-- made: NAME -->`` and ``<!-- end -->`` the page is replaced; the words
around them are written by hand.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from firmware.lines.countries import COUNTRIES, Country
from firmware.lines.fxo import FxoLine
from firmware.lines.fxs import FxsLine
from firmware.lines.machine import AnalogLine
from firmware.values import RingClass, Tone, ToneName

Machine = type[AnalogLine[Any]]
PAGE = Path(__file__).resolve().parents[1] / "lines.md"
TONES = (ToneName.DIAL, ToneName.RINGBACK, ToneName.BUSY, ToneName.CONGESTION)


# ---------------------------------------------------------------------- countries


def _tone(tone: Tone) -> str:
    return "; ".join(dict.fromkeys(_segment(s.frequencies_hz) for s in tone.segments)) + _cadence(
        [time for s in tone.segments for time in (s.on_ms, s.off_ms)]
    )


def _segment(frequencies_hz: Iterable[float]) -> str:
    return "+".join(f"{frequency:g}" for frequency in frequencies_hz)


def _cadence(times_ms: Iterable[int]) -> str:
    times = [f"{time / 1000:g}" for time in times_ms if time]
    return f", {' '.join(times)}" if times else ", continuous"


def countries() -> str:
    """One row a country."""
    head = [
        "",
        *(tone.value for tone in TONES),
        "ringing",
        "caller ID",
        "flash, ms",
        "loop drop, ms",
    ]
    rows = [_country(COUNTRIES[code]) for code in COUNTRIES]
    return _table(head, rows)


def _country(country: Country) -> list[str]:
    ringing = " ".join(f"{ms / 1000:g}" for ms in country.ringing_ms[RingClass.EXTERNAL])
    place = "before ring" if country.caller_id_before_ring else "after ring 1"
    tones = [_tone(country.tones[name]) for name in TONES]
    caller_id = f"{country.caller_id}, {place}"
    flash = f"{country.flash_ms[0]}-{country.flash_ms[1]}"
    return [country.code, *tones, ringing, caller_id, flash, f"{country.loop_drop_ms}"]


# ---------------------------------------------------------------------- state tables


def states(machine: Machine) -> str:
    """Every (state, event) of a machine with the states that its handler may enter."""
    rows = []
    for state in _states(machine):
        for event, handler in _handlers(machine, state):
            rows.append([state.value, event, f"`{handler.__name__}`", _entered(machine, handler)])
    return _table(["state", "event", "handler", "may enter"], rows)


def _states(machine: Machine) -> type[Enum]:
    return type(machine.OUT_OF_SERVICE)


def _handlers(machine: Machine, state: Enum) -> list[tuple[str, Callable[..., Any]]]:
    facts = machine.facts.items()
    found = [(kind.__name__, handler) for (at, kind), handler in facts if at is state]
    timeout = machine.timeouts.get(state)
    return [*found, *([("its time is over", timeout)] if timeout else [])]


def orders(machine: Machine) -> str:
    """What the calls may order, and what holds in every state."""
    rows = [
        [kind.__name__, f"`{handler.__name__}`", _entered(machine, handler)]
        for table in (machine.orders, machine.any_state)
        for kind, handler in table.items()
    ]
    rows.insert(0, ["Originate", "`_originate`", _entered(machine, machine._originate)])
    return _table(["order or event", "handler", "may enter"], rows)


def _entered(machine: Machine, handler: Callable[..., Any]) -> str:
    return ", ".join(_states_of(machine, handler.__name__, set())) or "-"


def _states_of(machine: Machine, name: str, seen: set[str]) -> list[str]:
    """States that a method or those that it uses give to ``_enter`` or to ``_collect``."""
    method = inspect.getattr_static(machine, name, None)
    if name in seen or name == "_enter" or not inspect.isfunction(method):
        return []
    seen.add(name)
    found: list[str] = []
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method)))):
        if isinstance(node, ast.Call) and _name_of(node.func) in ("_enter", "_collect"):
            found += [_states(machine)[name].value for name in _state_names(node)]
        elif isinstance(node, ast.Attribute):
            found += _states_of(machine, node.attr, seen)
    return list(dict.fromkeys(found))


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else ""


def _state_names(call: ast.Call) -> list[str]:
    """State.X among the arguments, also in a conditional one; not in its condition."""
    names = []
    for argument in call.args:
        both = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
        names += [node.attr for node in both if _is_state(node)]  # type: ignore[attr-defined]
    return names


def _is_state(node: ast.expr) -> bool:
    """State.X, or self.X in what both kinds of machines share."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.value.id in ("State", "self") and node.attr.isupper()


# ---------------------------------------------------------------------- the page


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


MADE: Mapping[str, Callable[[], str]] = {
    "countries": countries,
    "fxs states": lambda: states(FxsLine),
    "fxs orders": lambda: orders(FxsLine),
    "fxo states": lambda: states(FxoLine),
    "fxo orders": lambda: orders(FxoLine),
}
END = "<!-- end -->"
MARKS = tuple(f"<!-- made: {name} -->" for name in MADE)


def filled(page: str) -> str:
    """The page with every made part as the code says it now."""
    for name, make in MADE.items():
        mark = f"<!-- made: {name} -->\n"
        before, _, rest = page.partition(mark)
        _, end, after = rest.partition(END)
        page = f"{before}{mark}\n{make()}\n\n{end}{after}"
    return page


def main() -> None:
    """Write the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
