"""Mini-batches of links, and the pairs that are no edges they are told from."""

from .link_loader import LinkLoader
from .negatives import NegativePairs
from .subgraph import common_neighbor_graph, induced_edges, k_hop_nodes

__all__ = [
    "LinkLoader",
    "NegativePairs",
    "common_neighbor_graph",
    "induced_edges",
    "k_hop_nodes",
]
