"""What the scores of pairs are, by their definitions, and graphs to try them on."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphlocal import CSRGraph


def dense(graph: CSRGraph) -> NDArray[np.float64]:
    matrix = np.zeros((graph.num_nodes, graph.num_nodes))
    matrix[np.repeat(np.arange(graph.num_nodes), graph.degree), graph.col] = 1
    return matrix


def to_networkx(graph: CSRGraph) -> nx.Graph:
    other = nx.empty_graph(graph.num_nodes)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    other.add_edges_from(zip(source.tolist(), graph.col.tolist(), strict=True))
    return other


def pagerank(graph: CSRGraph, alpha: float) -> NDArray[np.float64]:
    """Every vector by a dense solve; a node without neighbours keeps the walk."""
    adjacency = dense(graph)
    alone = np.flatnonzero(graph.degree == 0)
    adjacency[alone, alone] = 1
    walk = adjacency / adjacency.sum(axis=1, keepdims=True)
    return alpha * np.linalg.inv(np.eye(graph.num_nodes) - (1 - alpha) * walk)


def score(graph: CSRGraph, u: int, v: int, beta: float, alpha: float) -> dict[str, float]:
    first, second = set(graph.neighbors(u).tolist()), set(graph.neighbors(v).tolist())
    common, union, degree = first & second, first | second, graph.degree
    both = len(first) + len(second)
    adjacency, walks = dense(graph), pagerank(graph, alpha)
    return {
        "cn": len(common),
        "jaccard": len(common) / len(union) if union else 0.0,
        "aa": sum(1 / math.log(degree[w]) for w in common if degree[w] > 1),
        "ra": sum(1 / degree[w] for w in common),
        "pa": len(first) * len(second),
        "katz2": (beta * adjacency + beta**2 * adjacency @ adjacency)[u, v],
        "sorensen": 2 * len(common) / both if both else 0.0,
        "cosine": len(common) / math.sqrt(len(first) * len(second)) if first and second else 0.0,
        "ppr": walks[u, v] + walks[v, u],
    }


@st.composite
def graphs(draw: st.DrawFn, least: int = 1) -> CSRGraph:
    num_nodes = draw(st.integers(least, 14))
    node = st.integers(0, num_nodes - 1)
    return CSRGraph.from_edges(draw(st.lists(st.tuples(node, node), max_size=50)), num_nodes)


@st.composite
def graphs_and_pairs(draw: st.DrawFn) -> tuple[CSRGraph, NDArray[np.int64]]:
    graph = draw(graphs())
    node = st.integers(0, graph.num_nodes - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=30))
    return graph, np.array(pairs, np.int64).reshape(-1, 2)


def all_pairs(graph: CSRGraph) -> NDArray[np.int64]:
    return np.stack(np.meshgrid(*[np.arange(graph.num_nodes)] * 2), axis=-1).reshape(-1, 2)


def hubs(seed: int = 0, num_nodes: int = 6000) -> CSRGraph:
    """Two hubs, and enough of the rest for several blocks."""
    rng = np.random.default_rng(seed)
    rest = rng.integers(0, num_nodes, (2, 4 * num_nodes))
    spokes = np.stack([np.repeat([3, 7], num_nodes // 2), rng.integers(0, num_nodes, num_nodes)])
    return CSRGraph.from_edge_index(np.concatenate([rest, spokes], axis=1), num_nodes)
