"""Settings every test shares."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# Compiling a kernel counts as part of the first example: no deadline.
settings.register_profile("graphlocal", deadline=None, max_examples=50, derandomize="CI" in
                          os.environ)
settings.load_profile("graphlocal")

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts: tests that
# interrupt a process would wait for it in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
