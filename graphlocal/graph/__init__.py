"""Graphs: built once, checked once, read from anywhere."""

from .build import GraphReport
from .checks import GraphError, GraphTypeError
from .coerce import as_graph
from .csr import CSRGraph
from .edge_list import EdgeList, read_edges
from .formats import read

__all__ = ["CSRGraph", "EdgeList", "GraphError", "GraphReport", "GraphTypeError", "as_graph",
           "read", "read_edges"]
