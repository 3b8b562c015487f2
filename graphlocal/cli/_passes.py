"""Which kernels a metric runs and how long each takes beside the others: what the bar goes by."""

from __future__ import annotations

from typing import Any


def passes(metric: str, graph: Any) -> dict[str, float] | None:
    return None
