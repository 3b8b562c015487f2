"""The sparse-ops core as torch sees it: a graph prepared once, and the ops layers are made of."""

from .adjacency import Adjacency, as_adjacency
from .dispatch import explain
from .memory import remember
from .segment_reduce import segment_reduce
from .segment_softmax import segment_softmax
from .spmm import spmm

__all__ = [
    "Adjacency",
    "as_adjacency",
    "explain",
    "remember",
    "segment_reduce",
    "segment_softmax",
    "spmm",
]
