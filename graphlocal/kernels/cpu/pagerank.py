"""PageRank of an undirected graph by conjugate gradients.

With ``x = D y`` the equation ``x = a A D^-1 x + b`` becomes ``(D - a A) y = b``, whose matrix is
symmetric and positive definite: conjugate gradients preconditioned by the degrees ``D`` take about
half the passes over the edges that the power method takes, and the residual ``r`` is what another
step of the power method would change ``x`` by.

A row adds up in four interleaved parts, since one sum after the other waits for each addition.
"""

from __future__ import annotations

from .parallel import jit


@jit
def multiply(start, stop, rowptr, col, p, q):
    """Rows of ``A p`` into ``q``, which begins at row ``start``."""
    for v in range(start, stop):
        a = b = c = d = 0.0
        e, last = rowptr[v], rowptr[v + 1]
        while e + 4 <= last:
            a += p[col[e]]
            b += p[col[e + 1]]
            c += p[col[e + 2]]
            d += p[col[e + 3]]
            e += 4
        while e < last:
            a += p[col[e]]
            e += 1
        q[v - start] = (a + b) + (c + d)


@jit
def multiply_weighted(start, stop, rowptr, col, weight, p, q):
    """As :func:`multiply`, with weighted edges."""
    for v in range(start, stop):
        a = b = c = d = 0.0
        e, last = rowptr[v], rowptr[v + 1]
        while e + 4 <= last:
            a += weight[e] * p[col[e]]
            b += weight[e + 1] * p[col[e + 1]]
            c += weight[e + 2] * p[col[e + 2]]
            d += weight[e + 3] * p[col[e + 3]]
            e += 4
        while e < last:
            a += weight[e] * p[col[e]]
            e += 1
        q[v - start] = (a + b) + (c + d)


@jit
def weighted_degree(start, stop, rowptr, weight, degree):
    """Sum of the weights of each row into ``degree``."""
    for v in range(start, stop):
        total = 0.0
        for e in range(rowptr[v], rowptr[v + 1]):
            total += weight[e]
        degree[v] = total


@jit
def subtract(start, stop, degree, damping, p, q):
    """``q = A p`` becomes ``(D - a A) p``; its part of the product with ``p``."""
    total = 0.0
    for v in range(start, stop):
        q[v] = degree[v] * p[v] - damping * q[v]
        total += p[v] * q[v]
    return total


@jit
def descend(start, stop, step, degree, p, q, y, r):
    """Goes ``step`` along ``p``; parts of ``r D^-1 r`` and of the sum of ``|r|``."""
    squares = size = 0.0
    for v in range(start, stop):
        if degree[v] > 0.0:
            y[v] += step * p[v]
            r[v] -= step * q[v]
            squares += r[v] * r[v] / degree[v]
            size += abs(r[v])
    return squares, size


@jit
def turn(start, stop, share, degree, r, p):
    """Next direction: ``D^-1 r`` and a share of the last one."""
    for v in range(start, stop):
        if degree[v] > 0.0:
            p[v] = r[v] / degree[v] + share * p[v]
