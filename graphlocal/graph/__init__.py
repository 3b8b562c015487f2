"""Graphs: built once, checked once, read from anywhere."""

from .build import GraphReport
from .coerce import as_graph
from .csr import CSRGraph
from .edge_list import EdgeList, read_edges
from .errors import GraphError, GraphTypeError
from .formats import read
from .streaming import convert_file

__all__ = ["CSRGraph", "EdgeList", "GraphError", "GraphReport", "GraphTypeError", "as_graph",
           "convert_file", "read", "read_edges"]
