# SPDX-License-Identifier: GPL-2.0-or-later
# The compiled core. cffi checks each call's arguments against tipring.h when it is made, so the
# functions are not declared a second time here.
from typing import Any

from cffi import FFI

ffi: FFI
lib: Any
