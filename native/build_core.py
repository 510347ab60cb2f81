# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds ``native/_core``, the C media engine, with cffi in API mode.

``python native/build_core.py`` compiles every C file of ``native/src`` against the one header
that cffi reads, ``native/include/tipring.h``, and the headers of the pure units, and leaves
``native/_core.*.so`` beside this file. No compiler is needed where the box runs.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "src"
# The engine's interface, then the pure units that Python measures and tests on their own.
HEADERS = ("tipring.h", "g711.h", "echo.h", "plc.h", "jitter.h", "rtp.h", "cadence.h")
LIBRARIES = ["spandsp", "asound", "m", "pthread"]
COMPILE_ARGS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O3",
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fvisibility=hidden",
    "-Wno-missing-field-initializers",  # in cffi's own generated tables
    "-Wno-unused-parameter",  # likewise
]


def declarations(text: str) -> str:
    """A header as cffi understands it: without preprocessor lines but for plain numbers."""
    kept = []
    for line in text.splitlines():
        number = re.match(r"#define\s+\w+\s+\d+\b", line)
        if number:
            kept.append(number.group())
        elif not line.startswith("#"):
            kept.append(line)
    return "\n".join(kept)


def find_header(name: str) -> Path:
    return next(p for p in (HERE / "include" / name, SOURCES / name) if p.exists())


def make_builder() -> FFI:
    builder = FFI()
    for name in HEADERS:
        builder.cdef(declarations(find_header(name).read_text(encoding="utf-8")))
    builder.set_source(
        "native._core",
        "\n".join(f'#include "{name}"' for name in HEADERS),
        sources=[str(path) for path in sorted(SOURCES.glob("*.c"))],
        depends=[str(path) for path in sorted(SOURCES.glob("*.h"))],
        include_dirs=[str(HERE / "include"), str(SOURCES)],
        libraries=LIBRARIES,
        extra_compile_args=COMPILE_ARGS,
    )
    return builder


def main() -> int:
    """Compile; objects go to build/native so that the source tree stays clean."""
    root = HERE.parent
    os.chdir(root)
    work = root / "build" / "native"
    work.mkdir(parents=True, exist_ok=True)
    built = Path(make_builder().compile(tmpdir=str(work), verbose=False))
    target = HERE / built.name
    shutil.copyfile(built, target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)  # a running media host keeps the old one
    print(f"built {target.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
