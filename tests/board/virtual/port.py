# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one port of the card's firmware in virtual time. MicroPython; started by the tests.

Standard input: JSON with "kind" (fxs, fxo), "until_ms", "pass_ms" and "steps": [at ms, "pin",
number, level] or [at ms, "call", method, arguments; "now" stands for the time]. FXS pins are
1 ring mode, 2 reverse, 3 hook; FXO pins 1 relay, 2 ring, 3 loop, 4 polarity.
Standard output: one JSON line for each report and each move of an output.
"""

import json
import sys

import machine
from fxo import Fxo
from fxs import Fxs

from drivers.linecard import messages


def run(scenario):
    """Play it."""
    now_ms = 0

    def report(message):
        kind = messages.decode(messages.encode(message))
        print(json.dumps([now_ms, str(kind).split("(")[0], list(kind)[1:]]))

    kind, pins = (Fxs, (1, 2, 3)) if scenario["kind"] == "fxs" else (Fxo, (1, 2, 3, 4))
    machine.levels.update({int(pin): level for pin, level in scenario["levels"].items()})
    port = kind(0, pins, report)
    steps = scenario["steps"]
    while now_ms <= scenario["until_ms"]:
        while steps and steps[0][0] <= now_ms:
            play(port, steps.pop(0), now_ms)
        port.poll(now_ms)
        while machine.moves:
            pin, level = machine.moves.pop(0)
            print(json.dumps([now_ms, "pin", [pin, level]]))
        now_ms += scenario["pass_ms"]
    print(json.dumps([now_ms, "state", list(port.state())[1:]]))


def play(port, step, now_ms):
    """One step."""
    if step[1] == "pin":
        machine.levels[step[2]] = step[3]
    else:
        arguments = [now_ms if value == "now" else value for value in step[3]]
        if step[2] == "configure":
            shape = messages.ConfigureFxs if isinstance(port, Fxs) else messages.ConfigureFxo
            arguments = [shape(0, *arguments)]
        if getattr(port, step[2])(*arguments) is False:
            print(json.dumps([now_ms, "refused", [step[2]]]))


run(json.loads(sys.stdin.read()))
