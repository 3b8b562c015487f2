"""Every metric against networkx, against its plain definition, and against itself."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphlocal import CSRGraph, GraphError, topology
from graphlocal.graph import GraphTypeError
from graphlocal.kernels.cpu import parallel
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import METRICS
from tests.zoo import ZOO, each_zoo_graph, shared_data


def to_networkx(graph: CSRGraph) -> nx.Graph:
    other = nx.empty_graph(graph.num_nodes)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    other.add_edges_from(zip(source.tolist(), graph.col.tolist(), strict=True))
    return other


def component_labels(graph: nx.Graph) -> dict[int, int]:
    ordered = sorted(nx.connected_components(graph), key=min)
    return {node: number for number, nodes in enumerate(ordered) for node in nodes}


#: Our function to one of networkx that returns a value per node.
REFERENCES: dict[str, Callable[[nx.Graph], Any]] = {
    "degree": lambda graph: dict(graph.degree),
    "triangles": nx.triangles,
    "clustering": nx.clustering,
    "core_number": nx.core_number,
    "connected_components": component_labels,
}


def assert_like_networkx(graph: CSRGraph) -> None:
    theirs = to_networkx(graph)
    for name, reference in REFERENCES.items():
        ours = getattr(topology, name)(graph)
        expected = reference(theirs)
        assert ours.shape == (graph.num_nodes,), name
        assert ours.dtype == (np.float64 if name == "clustering" else np.int64), name
        np.testing.assert_allclose(ours, [expected[v] for v in range(graph.num_nodes)],
                                   rtol=1e-12, err_msg=name)
    assert topology.num_components(graph) == nx.number_connected_components(theirs)
    assert topology.transitivity(graph) == pytest.approx(nx.transitivity(theirs))
    if graph.num_nodes:
        assert topology.average_clustering(graph) == pytest.approx(nx.average_clustering(theirs))


@each_zoo_graph
def test_zoo_like_networkx(name: str) -> None:
    assert_like_networkx(CSRGraph.from_edge_index(*ZOO[name]))


@st.composite
def graphs(draw: st.DrawFn) -> CSRGraph:
    num_nodes = draw(st.integers(1, 16))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=70))
    return CSRGraph.from_edges(edges, num_nodes)


@given(graphs())
def test_any_graph_like_networkx(graph: CSRGraph) -> None:
    assert_like_networkx(graph)


@given(graphs())
def test_triangles_by_definition(graph: CSRGraph) -> None:
    dense = np.zeros((graph.num_nodes, graph.num_nodes), np.int64)
    dense[np.repeat(np.arange(graph.num_nodes), graph.degree), graph.col] = 1
    expected = np.diagonal(dense @ dense @ dense) // 2
    np.testing.assert_array_equal(topology.triangles(graph), expected)
    trios = sum(dense[a, b] and dense[b, c] and dense[a, c]
                for a, b, c in itertools.combinations(range(graph.num_nodes), 3))
    assert topology.triangles(graph).sum() == 3 * trios


@given(graphs(), st.randoms(use_true_random=False))
def test_relabelling_moves_values_along(graph: CSRGraph, random: Any) -> None:
    order = list(range(graph.num_nodes))
    random.shuffle(order)
    new = np.array(order)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    moved = CSRGraph.from_edge_index(np.stack([new[source], new[graph.col]]), graph.num_nodes)
    for name in ("degree", "triangles", "clustering", "core_number"):
        metric = getattr(topology, name)
        np.testing.assert_array_equal(metric(moved)[new], metric(graph), err_msg=name)
    assert topology.num_components(moved) == topology.num_components(graph)


def hubs_and_cliques(seed: int = 0, num_nodes: int = 30_000) -> CSRGraph:
    """Big enough for several blocks: two hubs, a clique, and a random rest."""
    rng = np.random.default_rng(seed)
    rest = rng.integers(0, num_nodes, (2, 5 * num_nodes))
    clique = np.array(list(itertools.combinations(range(0, 600, 4), 2))).T
    hubs = np.stack([np.repeat([3, 7], num_nodes // 2), rng.integers(0, num_nodes, num_nodes)])
    return CSRGraph.from_edge_index(np.concatenate([rest, clique, hubs], axis=1), num_nodes)


@pytest.fixture
def any_threads() -> Iterator[Callable[[int], None]]:
    yield set_num_threads
    set_num_threads(None)


def test_threads_change_nothing(any_threads: Callable[[int], None]) -> None:
    graph = hubs_and_cliques()
    found: list[dict[str, NDArray[Any]]] = []
    for count in (1, 2, 5):
        any_threads(count)
        found.append({name: getattr(topology, name)(graph) for name in REFERENCES})
    for name in REFERENCES:
        for other in found[1:]:
            np.testing.assert_array_equal(other[name], found[0][name], err_msg=name)


def test_large_graph_against_matrix_products() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    graph = hubs_and_cliques(seed=1, num_nodes=4_000)
    matrix = sparse.csr_array((np.ones(len(graph.col), np.int64), graph.col, graph.rowptr))
    closed = np.asarray((matrix @ matrix).multiply(matrix).sum(axis=1)).ravel()
    np.testing.assert_array_equal(topology.triangles(graph), closed // 2)


def test_large_cores_keep_their_promise() -> None:
    """Inside the k-core everyone has k neighbours in it; networkx counts the same."""
    graph = hubs_and_cliques(seed=2, num_nodes=4_000)
    core = topology.core_number(graph)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    at_least = np.bincount(source, core[graph.col] >= core[source], graph.num_nodes)
    assert (at_least >= core).all()
    expected = nx.core_number(to_networkx(graph))
    np.testing.assert_array_equal(core, [expected[v] for v in range(graph.num_nodes)])


def test_star_with_200_000_leaves() -> None:
    leaves = 200_000
    center = 77
    ends = np.delete(np.arange(leaves + 1), center)
    graph = CSRGraph.from_edge_index(np.stack([np.full(leaves, center), ends]))
    assert topology.degree(graph)[center] == leaves
    assert not topology.triangles(graph).any()
    assert not topology.clustering(graph).any()
    assert (topology.core_number(graph) == 1).all()
    assert topology.num_components(graph) == 1


def test_wheel_with_200_000_spokes() -> None:
    """A hub joined to every node of a ring: each edge of the ring is a triangle."""
    spokes = 200_000
    ring = np.arange(spokes)
    index = np.concatenate([np.stack([ring, (ring + 1) % spokes]),
                            np.stack([ring, np.full(spokes, spokes)])], axis=1)
    graph = CSRGraph.from_edge_index(index)
    triangles = topology.triangles(graph)
    assert triangles[spokes] == spokes
    assert (triangles[:spokes] == 2).all()
    assert (topology.core_number(graph) == 3).all()


def test_clique() -> None:
    n = 700
    graph = CSRGraph.from_edges(np.stack(np.triu_indices(n, 1), axis=1))
    assert (topology.triangles(graph) == (n - 1) * (n - 2) // 2).all()
    assert (topology.clustering(graph) == 1).all()
    assert (topology.core_number(graph) == n - 1).all()
    assert topology.transitivity(graph) == 1


def test_complete_bipartite_has_no_triangle() -> None:
    left, right = np.meshgrid(np.arange(600), np.arange(600, 1300))
    graph = CSRGraph.from_edge_index(np.stack([left.ravel(), right.ravel()]))
    assert not topology.triangles(graph).any()
    assert (topology.core_number(graph) == 600).all()


def test_components_are_numbered_by_smallest_node() -> None:
    graph = CSRGraph.from_edges([(5, 1), (4, 2), (2, 6)], num_nodes=8)
    assert topology.connected_components(graph).tolist() == [0, 1, 2, 3, 2, 1, 2, 4]


def test_long_path_is_one_component() -> None:
    nodes = np.arange(300_000)
    graph = CSRGraph.from_edge_index(np.stack([nodes[:-1], nodes[1:]]))
    assert not topology.connected_components(graph).any()
    assert (topology.core_number(graph) == 1).all()


def test_graph_without_nodes() -> None:
    graph = CSRGraph.from_edge_index(np.zeros((2, 0), np.int64), 0)
    assert all(len(getattr(topology, name)(graph)) == 0 for name in REFERENCES)
    assert topology.average_clustering(graph) == 0.0
    assert topology.transitivity(graph) == 0.0
    assert topology.num_components(graph) == 0


def test_table_of_a_graph_without_nodes() -> None:
    graph = CSRGraph.from_edge_index(np.zeros((2, 0), int))
    table = topology.metrics(graph, list(METRICS))
    assert len(table) == 0
    assert set(table) == {column for metric in METRICS.values() for column in metric.columns}
    # Those that may take hours are computed where they are named, whatever the graph is.
    assert {"core", "o14"} <= set(topology.metrics(graph, "all"))
    assert not {"tc2", "o72"} & set(topology.metrics(graph, "all"))


@pytest.mark.parametrize("names", [3, None, [3]])
def test_names_that_are_none(names: Any) -> None:
    with pytest.raises(GraphTypeError, match=r"argument 'metrics': got .*names of metrics"):
        topology.metrics(np.array([[0], [1]]), names)


def test_threads_that_start_together_count_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that asks for its counts between two lines of another's asking gets its own."""
    made: list[Any] = []
    whole = parallel.run_blocks

    def run_blocks(kernel: Any, borders: Any, *args: Any, scratch: Any) -> list[Any]:
        def meanwhile(frame: Any, event: str, _: Any) -> Any:
            if frame.f_code is not scratch.__code__:
                return None
            if event == "line" and not lock_is_held():
                sys.settrace(None)
                made.append(scratch())
                sys.settrace(meanwhile)
            return meanwhile

        # Where the lock is held no other thread can be in the same place.
        lock = next(cell.cell_contents for cell in scratch.__closure__
                    if hasattr(cell.cell_contents, "locked"))
        lock_is_held = lock.locked
        before = sys.gettrace()
        sys.settrace(meanwhile)
        try:
            made.append(scratch())
        finally:
            sys.settrace(before)
        return whole(kernel, borders, *args, scratch=scratch)

    expected = topology.triangles(nx.complete_graph(4))
    monkeypatch.setattr(parallel, "run_blocks", run_blocks)
    assert topology.triangles(nx.complete_graph(4)).tolist() == expected.tolist() == [3, 3, 3, 3]
    assert len(made) > 2
    assert len({id(own[0]) for own in made}) == len(made)


def test_int64_columns_count_the_same() -> None:
    """Past 2^31 nodes neighbours are int64; the kernels must not care."""
    graph = CSRGraph.from_edge_index(*ZOO["hub"])
    wide = CSRGraph(graph.rowptr, graph.col.astype(np.int64))
    for name in REFERENCES:
        metric = getattr(topology, name)
        np.testing.assert_array_equal(metric(wide), metric(graph), err_msg=name)


def test_clustering_takes_known_triangles() -> None:
    graph = CSRGraph.from_edge_index(*ZOO["complete"])
    known = topology.triangles(graph)
    np.testing.assert_array_equal(topology.clustering(graph, triangles=known),
                                  topology.clustering(graph))
    with pytest.raises(GraphError, match=r"'triangles'.*shape \(2,\).*shape \(6,\)"):
        topology.clustering(graph, triangles=known[:2])
    with pytest.raises(GraphTypeError, match=r"'triangles'.*dtype float64"):
        topology.clustering(graph, triangles=known / 2)


def test_real_graph(tmp_path: Path) -> None:
    """Friendships on Facebook, as networkx reads and measures them."""
    file = tmp_path / "facebook.txt"
    shutil.copy(shared_data("networks", "social", "facebook_combined.txt"), file)
    theirs = nx.read_edgelist(file, nodetype=int)
    table = topology.metrics(file, ["degree", "triangles", "core"])
    ids = table.ids.tolist()
    assert sorted(ids) == sorted(theirs)
    for column, reference in (("degree", dict(theirs.degree)), ("triangles", nx.triangles(theirs)),
                              ("core", nx.core_number(theirs))):
        assert table[column].tolist() == [reference[node] for node in ids], column


def test_anything_that_is_a_graph(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    sparse = pytest.importorskip("scipy.sparse")
    data = pytest.importorskip("torch_geometric.data")
    edges = np.array([[0, 1, 2, 2], [1, 2, 0, 3]])
    file = tmp_path / "edges.csv"
    file.write_text("0,1\n1,2\n2,0\n2,3\n")
    sources = {
        "CSRGraph": CSRGraph.from_edge_index(edges),
        "array": edges,
        "tensor": torch.from_numpy(edges),
        "path": file,
        "str": str(file),
        "networkx": nx.Graph(edges.T.tolist()),
        "scipy": sparse.coo_array((np.ones(4), (edges[0], edges[1])), shape=(4, 4)),
        "Data": data.Data(edge_index=torch.from_numpy(edges), num_nodes=4),
    }
    for name, source in sources.items():
        assert topology.triangles(source).tolist() == [1, 1, 1, 0], name


@pytest.mark.parametrize(("source", "message"), [
    ([(0, 1), (1, 2)], r"'graph': got a list.*from_edges"),
    (3, "'graph': got a int, expected a CSRGraph"),
    (None, "'graph': got a NoneType, expected a CSRGraph"),
])
def test_what_is_no_graph(source: Any, message: str) -> None:
    with pytest.raises(GraphTypeError, match=message):
        topology.degree(source)


def test_registry_is_sound() -> None:
    graph = CSRGraph.from_edge_index(*ZOO["random"])
    columns: dict[str, np.ndarray] = {}
    for name, metric in METRICS.items():
        given = {other: METRICS[other].function(graph) for other in metric.uses}
        values = metric.function(graph, **given).reshape(graph.num_nodes, -1)
        assert values.shape[1] == len(metric.columns), name
        assert metric.description and "\n" not in metric.description, name
        # A column may come from two metrics, as orbits 0 to 14 do, but then it is the same.
        for column, found in zip(metric.columns, values.T, strict=True):
            np.testing.assert_array_equal(columns.setdefault(column, found), found, err_msg=column)
