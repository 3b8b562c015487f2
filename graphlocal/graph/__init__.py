"""Graphs: built once, checked once, read from anywhere."""

from .build import GraphReport
from .coerce import as_graph
from .csr import CSRGraph
from .edge_list import EdgeList, read_edges
from .errors import GraphError, GraphTypeError
from .formats import read

__all__ = ["CSRGraph", "EdgeList", "GraphError", "GraphReport", "GraphTypeError", "as_graph",
           "read", "read_edges"]
