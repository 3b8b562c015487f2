"""Numba kernels: serial functions over a row range, run on threads by :mod:`.parallel`."""
