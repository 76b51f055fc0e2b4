"""A function's start without the garbage collector: modules are no garbage, and looking for some costs a tenth of it.

`begin` when the package is first imported, `end` with the first invocation. What is there by then stays, so that later
collections need not look at it either.
"""

from __future__ import annotations

import gc
from functools import cache

from telephony.settings import in_lambda


def begin() -> None:
    """In Lambda alone: a command or a test may never get to `end`."""
    if in_lambda():
        gc.disable()


@cache
def end() -> None:
    """Every handler calls it first of all; only the first call does anything."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
