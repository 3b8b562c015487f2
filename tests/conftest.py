"""Settings every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

# Compiling a kernel counts as part of the first example: no deadline.
settings.register_profile("graphlocal", deadline=None, max_examples=50, derandomize="CI" in
                          os.environ)
settings.load_profile("graphlocal")
