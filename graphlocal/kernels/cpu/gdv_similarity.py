"""Weighted distances between the orbit counts of all pairs of nodes."""

from __future__ import annotations

from .parallel import jit


@jit
def gdv_distances(start, stop, log_one, log_two, others_one, others_two, weight, distance):
    """Distance of each row of the block to every other: ``log_one`` is log(count + 1)."""
    for u in range(start, stop):
        for v in range(len(others_one)):
            total = 0.0
            for k in range(len(weight)):
                # The logarithm rises: the larger count has the larger one.
                largest = max(log_two[u, k], others_two[v, k])
                total += weight[k] * abs(log_one[u, k] - others_one[v, k]) / largest
            distance[u, v] = total
