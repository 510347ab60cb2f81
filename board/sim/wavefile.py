# SPDX-License-Identifier: GPL-2.0-or-later
"""WAV files of the simulator: 16-bit linear, mono, 8,000 Hz and nothing else."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000


def read_wav(path: Path) -> npt.NDArray[np.int16]:
    """Samples of a file; ValueError with a sentence for any other format."""
    with wave.open(str(path), "rb") as file:
        form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if form != (1, 2, RATE_HZ):
            raise ValueError(f"{path} is not 16-bit mono at {RATE_HZ} Hz but {form}")
        data = file.readframes(file.getnframes())
    return np.frombuffer(data, dtype="<i2").astype(np.int16)


def write_wav(path: Path, samples: npt.NDArray[np.int16]) -> None:
    """Write ``samples`` (int16[n]) to ``path``; the folder is made if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.asarray(samples, dtype="<i2").tobytes())
