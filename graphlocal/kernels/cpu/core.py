"""Core numbers by peeling: level after level, the nodes left with too few neighbours go.

Where blocks of rows lie on different machines, by bounds from above instead: no core number is
larger than the largest h for which h neighbours may have at least h.
"""

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


@jit
def lower_bounds(start, stop, rowptr, col, bound, own, count, sweeps):
    """Lowers the bounds of a block's rows, ``own``, given those of all rows as they were.

    At most ``sweeps`` times over the block, to and fro, or until they stay. ``count`` is scratch
    of zeros, one longer than the longest row.
    """
    for v in range(start, stop):
        own[v - start] = bound[v]
    for sweep in range(sweeps):
        changed = False
        for i in range(stop - start):
            v = start + i if sweep % 2 == 0 else stop - 1 - i
            old = own[v - start]
            for e in range(rowptr[v], rowptr[v + 1]):
                u = col[e]
                other = own[u - start] if start <= u < stop else bound[u]
                count[min(other, old)] += 1
            new = old
            enough = count[old]
            count[old] = 0
            while enough < new:
                new -= 1
                enough += count[new]
                count[new] = 0
            for h in range(new):
                count[h] = 0
            if new < old:
                own[v - start] = new
                changed = True
        if not changed:
            return
