"""For commands, which have a process to themselves; imported before all that takes time to load.

Less looking for garbage: torch and Lightning are half a million objects that stay. To look through
them again and again while they load, and for a last time at the end, takes a sixth of what a short
command does. Ctrl-C while they load needs no traceback.

And threads that wait for each other soon sleep. Left alone, libgomp's keep their cores busy for up
to a millisecond, hundreds of times in a training step; beside another program, it is they who keep
the thread that they wait for from a core (benchmarks/crowded.py).
"""

import atexit
import gc
import os
import sys
from types import TracebackType


def _tell(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, place)


gc.set_threshold(10_000)
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read by libgomp when torch loads it
atexit.register(gc.freeze)
sys.excepthook = _tell
