"""Core numbers by peeling: level after level, the nodes left with too few neighbours go."""

from __future__ import annotations

from .parallel import jit


@jit
def peel(rowptr, col, core, left, stack):
    """Core number of each node into ``core``; ``left`` and ``stack`` are scratch, ``[N]`` each.

    A level looks once at every node that is still there, and a node of core number k is there for
    at most k levels: O(N + M) in all, with less traffic than buckets sorted by degree.
    """
    count = len(rowptr) - 1
    for v in range(count):
        core[v] = rowptr[v + 1] - rowptr[v]
        left[v] = v
    level = 0
    while count > 0:
        still = 0
        top = 0
        lowest = -1
        for i in range(count):
            v = left[i]
            if core[v] > level:
                left[still] = v
                still += 1
                if lowest < 0 or core[v] < lowest:
                    lowest = core[v]
            elif core[v] == level:  # smaller ones went at an earlier level
                stack[top] = v
                top += 1
        count = still
        if top == 0:
            level = lowest
            continue
        while top > 0:
            top -= 1
            v = stack[top]
            for e in range(rowptr[v], rowptr[v + 1]):
                u = col[e]
                if core[u] > level:
                    core[u] -= 1
                    if core[u] == level:
                        stack[top] = u
                        top += 1
        level += 1
