# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings that a killed media host left unfinished: found at the exchange's start, removed.

The media host outlives its exchange and may be recording at this moment, so age decides: a living
recording is written to twice a second.
"""

from __future__ import annotations

import logging
from pathlib import Path

log = logging.getLogger(__name__)

UNFINISHED = "*/*.part"  # in the folders of the mailboxes; native/src/recorder.c names them
LEFT_S = 86_400.0  # more than any step of a clock that is set meanwhile


def remove_leftovers(voicemail: Path, now_s: float) -> int:
    """Remove unfinished recordings nobody has written to for a day; how many.

    `now_s` is Unix time. Blocks for a look at each mailbox. A file that cannot be removed stays for
    the next start and is logged.
    """
    removed = 0
    for path in voicemail.glob(UNFINISHED):
        try:
            if now_s - path.lstat().st_mtime > LEFT_S:
                path.unlink()
                removed += 1
        except OSError as error:
            log.warning("an unfinished recording stays: %s", error)
    if removed:
        log.info("%d unfinished recordings removed from %s", removed, voicemail)
    return removed
