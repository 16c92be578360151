"""For commands, which have a process to themselves: less looking for garbage in it.

Torch and Lightning are half a million objects that stay. To look through them again and again while
they load, and for a last time at the end, takes a sixth of what a short command does.
"""

import atexit
import gc

gc.set_threshold(10_000)
atexit.register(gc.freeze)
