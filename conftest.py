"""Doctests pass over kernels whose compiler is not installed."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = []
if importlib.util.find_spec("triton") is None:
    collect_ignore_glob.append("graphlocal/kernels/gpu/*")
