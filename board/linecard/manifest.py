# SPDX-License-Identifier: GPL-2.0-or-later
# What is frozen into the card's image. Nothing of micropython-lib is needed: the card's loop has
# no use for asyncio, and its facts go to the host instead of a log.
package(
    "drivers",
    (
        "__init__.py",
        "linecard/__init__.py",
        "linecard/frame.py",
        "linecard/hello.py",
        "linecard/link.py",
        "linecard/messages.py",
    ),
    base_path="../..",
)
for name in ("card.py", "debounce.py", "fxo.py", "fxs.py", "main.py", "revision.py"):
    module(name)
