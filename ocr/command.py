"""For commands, which have a process to themselves; imported before all that takes time to load.

Less looking for garbage: torch and Lightning are half a million objects that stay. To look through
them again and again while they load, and for a last time at the end, takes a sixth of what a short
command does. Ctrl-C while they load needs no traceback.

And threads that wait for each other soon sleep where nobody watches over it (ocr/waiting.py).
"""

import atexit
import gc
import os
import sys
from types import TracebackType

from ocr.waiting import watched


def _tell(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, place)


gc.set_threshold(10_000)
if not watched() and "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read by libgomp when torch loads it
atexit.register(gc.freeze)
sys.excepthook = _tell
