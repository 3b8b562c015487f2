"""Tables of nodes and edges: a row each, named columns, and the ways in and out."""

from .edge import EdgeTable
from .files import WRITERS
from .node import NodeTable

__all__ = ["WRITERS", "EdgeTable", "NodeTable"]
