"""Set up a process that is a command; imported before all that takes time to load.

Python looks for garbage for a last time when it ends, among the half a million objects of torch and
Lightning: half a second of the three that reading an image takes. Ctrl-C while they load needs no
traceback.
"""

import atexit
import gc
import sys
from types import TracebackType


def _tell(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, place)


atexit.register(gc.freeze)
sys.excepthook = _tell
