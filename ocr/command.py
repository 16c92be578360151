"""For commands, which have a process to themselves; imported before all that takes time to load.

Less looking for garbage: torch and Lightning are half a million objects that stay. To look through
them again and again while they load, and for a last time at the end, takes a sixth of what a short
command does. Ctrl-C while they load needs no traceback.

And threads that wait for each other soon sleep, unless `sharing_cores` can see to it.
"""

import atexit
import gc
import sys
from types import TracebackType

from ocr.waiting import sleep_soon, watched


def _tell(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, place)


gc.set_threshold(10_000)
if not watched():
    sleep_soon()
atexit.register(gc.freeze)
sys.excepthook = _tell
