"""How likely a random walk is back where it started."""

from __future__ import annotations

from .parallel import jit

#: Walks that are followed together: the lanes of the inner loops.
WIDTH = 32


@jit
def return_probabilities(start, stop, rowptr, col, scale, group, first, last, out,
                         here, there, odd, even):
    """Probabilities of a return after 1, 2, ... steps into rows of ``out``, by groups of nodes.

    Nodes are numbered so that those of a component follow one another. Group g is the nodes
    ``group[g]`` up to ``group[g + 1]``, at most ``WIDTH`` of one component, which is ``first[g]``
    up to ``last[g]``. ``scale`` is one over the root of each degree. ``here`` and ``there`` are
    scratch, ``[N, WIDTH]``, ``odd`` and ``even`` too, ``[WIDTH]``.

    The matrix D^-1/2 A D^-1/2 is symmetric and its powers have the diagonals of those of the walk:
    that of power 2 t holds the squared lengths of the columns of power t.
    """
    steps = out.shape[1]
    for g in range(start, stop):
        low, high = first[g], last[g]
        count = group[g + 1] - group[g]
        here[low:high] = 0.0
        for lane in range(count):
            here[group[g] + lane, lane] = 1.0
        for t in range((steps + 1) // 2):
            odd[:] = 0.0
            even[:] = 0.0
            for v in range(low, high):
                row = there[v]
                for lane in range(WIDTH):
                    row[lane] = 0.0
                for e in range(rowptr[v], rowptr[v + 1]):
                    u = col[e]
                    weight = scale[v] * scale[u]
                    other = here[u]
                    for lane in range(WIDTH):
                        row[lane] += weight * other[lane]
                own = here[v]
                for lane in range(WIDTH):
                    odd[lane] += own[lane] * row[lane]
                    even[lane] += row[lane] * row[lane]
            for lane in range(count):
                out[group[g] + lane, 2 * t] = odd[lane]
                if 2 * t + 1 < steps:
                    out[group[g] + lane, 2 * t + 1] = even[lane]
            here, there = there, here
