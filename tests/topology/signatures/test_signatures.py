from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from graphlocal.graph import CSRGraph, GraphError, GraphTypeError
from graphlocal.topology.orbits.graphlets import GRAPHLETS, labelled_graphs, pairs_of
from graphlocal.topology.signatures import (
    GCM_ORBITS,
    gdd_agreement,
    gdv_similarity,
    gdv_similarity_matrix,
    graphlet_correlation_distance,
    graphlet_correlation_matrix,
    orbit_weights,
    relative_graphlet_frequency_distance,
)


def some_counts(nodes: int, orbits: int, seed: int = 0, most: int = 30) -> np.ndarray:
    """Counts with ties, zeros, and large values; three nodes at least, so that they are counts."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, most, (nodes, orbits))
    counts[:, rng.integers(0, orbits, 3)] = 0
    counts[:, orbits // 2] **= 5
    return counts


counts_15 = st.builds(some_counts, st.integers(3, 12), st.just(15), st.integers(0, 999),
                      st.integers(1, 9))


# Similarity of nodes.


@pytest.mark.parametrize(("orbits", "base"), [(15, 73.0), (15, 15.0), (73, 73.0)])
def test_gdv_similarity_is_its_formula(orbits: int, base: float) -> None:
    a, b = some_counts(6, orbits, 1), some_counts(4, orbits, 2)
    weight = orbit_weights(orbits, base)
    matrix = gdv_similarity_matrix(a, b, base=base)
    assert matrix.shape == (6, 4)
    for u, v in itertools.product(range(6), range(4)):
        distance = 0.0
        for i in range(orbits):
            x, y = int(a[u, i]), int(b[v, i])
            distance += weight[i] * abs(math.log(x + 1) - math.log(y + 1)) / math.log(
                max(x, y) + 2)
        expected = 1 - distance / weight.sum()
        assert matrix[u, v] == pytest.approx(expected, abs=1e-12)
        assert gdv_similarity(a[u], b[v], base=base) == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(gdv_similarity(a[:, None], b, base=base), matrix, atol=1e-12)


@given(counts_15)
def test_gdv_similarity_is_a_similarity(counts: np.ndarray) -> None:
    matrix = gdv_similarity_matrix(counts)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_array_equal(np.diag(matrix), 1.0)
    assert (matrix > 0).all() and (matrix <= 1).all()


def test_weights_follow_from_the_graphlets() -> None:
    """An orbit is affected by those its node is on in the graphlets inside its own."""
    for orbits in (15, 73):
        affected = np.exp((1 - orbit_weights(orbits)) * math.log(73))
        np.testing.assert_allclose(affected, affected.round(), atol=1e-9)
        assert affected.min() == pytest.approx(1) and affected.max() <= 9.001
    assert orbit_weights(15)[0] == 1.0
    # 1 - log(4) / log(73), of orbit 14's neighbours in the published list: orbit 13.
    assert orbit_weights(15)[13] == pytest.approx(0.676890, abs=1e-6)


def test_no_nodes_and_no_counts() -> None:
    none = np.zeros((0, 15), np.int64)
    assert gdv_similarity_matrix(none).shape == (0, 0)
    assert gdv_similarity_matrix(none, some_counts(3, 15)).shape == (0, 3)
    zeros = np.zeros((3, 73), np.int64)
    np.testing.assert_array_equal(gdv_similarity_matrix(zeros), np.ones((3, 3)))


@pytest.mark.parametrize("bad", [np.ones((3, 14), int), np.ones((3, 15)), -np.ones((3, 15), int),
                                 np.int64(3), "counts"])
def test_bad_counts(bad) -> None:
    with pytest.raises(GraphError, match="counts_u"):
        gdv_similarity(bad, some_counts(3, 15))


def test_counts_that_do_not_fit_each_other() -> None:
    with pytest.raises(GraphError, match="15 and 73 orbits"):
        gdv_similarity(some_counts(3, 15), some_counts(3, 73))
    with pytest.raises(GraphError, match="broadcasts"):
        gdv_similarity(some_counts(3, 15), some_counts(4, 15))
    with pytest.raises(GraphError, match=r"shape \(15,\)"):
        gdv_similarity_matrix(some_counts(3, 15)[0])


@pytest.mark.parametrize("base", [1.0, 0, -3, 3.9, float("nan"), float("inf")])
def test_bad_base(base) -> None:
    with pytest.raises(GraphError, match="argument 'base'"):
        orbit_weights(15, base)


def test_base_is_a_number() -> None:
    with pytest.raises(GraphTypeError):
        gdv_similarity(some_counts(3, 15), some_counts(3, 15), base="73")


# Agreement of graphs.


def agreement_by_definition(a: np.ndarray, b: np.ndarray) -> list[float]:
    result = []
    for j in range(a.shape[1]):
        shares = []
        for counts in (a[:, j], b[:, j]):
            scaled = {k: float((counts == k).sum()) / k for k in {int(c) for c in counts} - {0}}
            total = sum(scaled.values())
            shares.append({k: value / total for k, value in scaled.items()})
        square = sum((shares[0].get(k, 0.0) - shares[1].get(k, 0.0)) ** 2
                     for k in set(shares[0]) | set(shares[1]))
        result.append(1 - math.sqrt(square) / math.sqrt(2))
    return result


@given(counts_15, counts_15)
def test_gdd_agreement_is_its_formula(a: np.ndarray, b: np.ndarray) -> None:
    expected = agreement_by_definition(a, b)
    assert gdd_agreement(a, b, size=4) == pytest.approx(sum(expected) / 15)
    assert gdd_agreement(a, b, size=4, mean="geometric") == pytest.approx(
        math.prod(max(x, 0) for x in expected) ** (1 / 15), abs=1e-12)
    assert gdd_agreement(a, b, size=4) == gdd_agreement(b, a, size=4)


def test_gdd_agreement_conventions() -> None:
    zeros = np.zeros((3, 73), np.int64)
    assert gdd_agreement(zeros, zeros) == 1.0
    assert gdd_agreement(zeros, zeros, mean="geometric") == 1.0
    # All nodes on one value where the other graph has none: D = 1/sqrt(2).
    ones = np.ones((3, 73), np.int64)
    assert gdd_agreement(zeros, ones) == pytest.approx(1 - 1 / math.sqrt(2))
    # Two distributions without a common value are as far apart as can be.
    assert gdd_agreement(ones, 2 * ones) == pytest.approx(0.0)
    assert gdd_agreement(ones, 2 * ones, mean="geometric") == pytest.approx(0.0)
    none = np.zeros((0, 15), np.int64)
    assert gdd_agreement(none, none, size=4) == 1.0


# Correlations.


@pytest.mark.parametrize("orbits", list(GCM_ORBITS))
def test_gcm_is_spearman_with_a_row_of_ones(orbits: str) -> None:
    counts = some_counts(40, 73)
    chosen = list(GCM_ORBITS[orbits])
    table = np.vstack([counts[:, chosen], np.ones(len(chosen))])
    # No column is constant, or scipy's answer would have holes.
    expected = spearmanr(table).statistic
    matrix = graphlet_correlation_matrix(counts, orbits)
    np.testing.assert_allclose(matrix, expected, atol=1e-12)
    np.testing.assert_array_equal(np.diag(matrix), 1.0)


def test_gcm_of_constant_columns() -> None:
    """A column of ones stays constant with the row of ones: 0 beside the diagonal, no NaN."""
    counts = some_counts(10, 15)
    counts[:, 4], counts[:, 6] = 1, 0
    matrix = graphlet_correlation_matrix(counts, "15")
    others = [i for i in range(15) if i != 4]
    np.testing.assert_array_equal(matrix[4, others], 0.0)
    assert matrix[4, 4] == 1.0 and np.isfinite(matrix).all()
    empty = graphlet_correlation_matrix(np.zeros((0, 15), np.int64), "11")
    np.testing.assert_array_equal(empty, np.eye(11))
    # Columns of zeros rank the added node above all others: they agree with each other.
    zeros = graphlet_correlation_matrix(np.zeros((5, 15), np.int64), "11")
    np.testing.assert_allclose(zeros, 1.0)


@pytest.mark.parametrize("orbits", list(GCM_ORBITS))
def test_gcd_is_the_distance_of_upper_halves(orbits: str) -> None:
    a, b = some_counts(20, 73, 1), some_counts(30, 73, 2)
    matrices = [graphlet_correlation_matrix(counts, orbits) for counts in (a, b)]
    k = len(matrices[0])
    expected = math.sqrt(sum((matrices[0][i, j] - matrices[1][i, j]) ** 2
                             for i in range(k) for j in range(i + 1, k)))
    assert graphlet_correlation_distance(a, b, orbits) == pytest.approx(expected)
    assert graphlet_correlation_distance(*matrices, orbits) == pytest.approx(expected)
    assert graphlet_correlation_distance(a, matrices[0], orbits) == 0.0


def test_gcd_refuses_other_matrices() -> None:
    matrix = graphlet_correlation_matrix(some_counts(9, 15), "15")
    with pytest.raises(GraphError, match=r"expected shape \(11, 11\)"):
        graphlet_correlation_distance(matrix, matrix, "11")
    with pytest.raises(GraphError, match="NaN"):
        graphlet_correlation_distance(matrix * np.nan, matrix, "15")
    with pytest.raises(GraphError, match="one of '11', '15', '56', '73'"):
        graphlet_correlation_matrix(some_counts(9, 15), "12")


def relations() -> tuple[np.ndarray, list[tuple[int, int]]]:
    """o_i * o_j = sum_l c_l o_l for graphlets that share their root: rows c over the 73 orbits."""
    rooted = {}
    for shape in GRAPHLETS:
        for node, orbit in enumerate(shape.node_orbits):
            rooted.setdefault(orbit, (shape, node))

    def orbit_of_first(shape, nodes) -> int:
        mask = sum(1 << bit for bit, (a, b) in enumerate(pairs_of(len(nodes)))
                   if tuple(sorted((nodes[a], nodes[b]))) in shape.edges)
        return labelled_graphs(len(nodes))[1][mask][0]

    size = {orbit: shape.size for orbit, (shape, _) in rooted.items()}
    rows, names = [], []
    for i, j in itertools.combinations_with_replacement(range(15), 2):
        if size[i] + size[j] > 6:
            continue
        row = np.zeros(73, np.int64)
        for orbit, (shape, root) in rooted.items():
            others = [node for node in range(shape.size) if node != root]
            parts = [[set(part) for part in itertools.combinations(others, size[k] - 1)
                      if orbit_of_first(shape, (root, *part)) == k] for k in (i, j)]
            row[orbit] = sum(a | b == set(others) for a in parts[0] for b in parts[1])
        rows.append(row)
        names.append((i, j))
    return np.array(rows), names


def test_redundant_orbits_follow_from_the_others() -> None:
    rows, names = relations()
    # The relation every text gives: pairs of neighbours are open or closed.
    assert rows[names.index((0, 0))][[0, 2, 3]].tolist() == [1, 2, 2]
    five = rows[:, 15:]
    assert np.linalg.matrix_rank(five) == 14  # and 4 of smaller graphlets: 18 relations
    for kept, sizes in (("11", 15), ("56", 73)):
        dropped = [o for o in range(sizes) if o not in GCM_ORBITS[kept]]
        assert len(GCM_ORBITS[kept]) == sizes - len(dropped) == int(kept)
        # Solved for the dropped orbits the relations have one solution, size by size.
        for low, high in ((1, 4), (4, 15), (15, sizes)):
            here = [o for o in dropped if low <= o < high]
            if not here:
                continue
            top = rows[~rows[:, high:].any(axis=1)]
            assert np.linalg.matrix_rank(top[:, here]) == len(here)
    assert len(GCM_ORBITS["73"]) == 73 and len(GCM_ORBITS["15"]) == 15


# Frequencies.


def test_rgf_distance_is_its_formula() -> None:
    """Counts of one node per graphlet, so that totals can be read off the table."""
    first = [shape.node_orbits[0] for shape in GRAPHLETS]
    nodes = [shape.node_orbits.count(shape.node_orbits[0]) for shape in GRAPHLETS]
    rng = np.random.default_rng(0)
    totals = rng.integers(1, 50, (2, 30))
    tables = np.zeros((2, 3, 73), np.int64)
    for k in range(2):
        tables[k, 0, first] = totals[k] * nodes
    for size, last in ((4, 9), (5, 30)):
        a, b = totals[:, 1:last]
        expected = sum(abs(math.log(x / a.sum()) - math.log(y / b.sum()))
                       for x, y in zip(a, b, strict=True))
        found = relative_graphlet_frequency_distance(tables[0], tables[1], size=size)
        assert found == pytest.approx(expected)


def test_rgf_distance_of_missing_graphlets() -> None:
    def with_totals(paths: int, triangles: int) -> np.ndarray:
        counts = np.zeros((3, 15), np.int64)
        counts[0, [1, 3]] = 2 * paths, 3 * triangles
        return counts

    distance = relative_graphlet_frequency_distance
    # Missing from both: no part of it. From one: as if it occurred once.
    assert distance(with_totals(5, 0), with_totals(9, 0), size=4) == 0.0
    assert distance(with_totals(5, 5), with_totals(10, 0), size=4) == pytest.approx(
        math.log(2) + abs(math.log(5 / 10) - math.log(1 / 10)))
    assert distance(with_totals(0, 0), with_totals(0, 0), size=4) == 0.0
    assert math.isfinite(distance(with_totals(0, 0), with_totals(7, 3), size=4))


# From graphs.


@pytest.mark.parametrize("measure", [
    lambda a, b: 1 - gdd_agreement(a, b, size=4),
    lambda a, b: 1 - gdd_agreement(a, b, mean="geometric"),
    lambda a, b: graphlet_correlation_distance(a, b, "11"),
    lambda a, b: graphlet_correlation_distance(a, b, "56"),
    relative_graphlet_frequency_distance,
])
def test_distances_of_graphs(measure) -> None:
    random = nx.gnm_random_graph(60, 150, seed=1)
    relabelled = nx.relabel_nodes(random, dict(zip(random, np.random.default_rng(0).permutation(
        60).tolist(), strict=True)))
    other = nx.watts_strogatz_graph(60, 6, 0.1, seed=2)
    assert measure(random, relabelled) == pytest.approx(0.0, abs=1e-9)
    assert measure(random, other) == pytest.approx(measure(other, random))
    assert measure(random, other) > 1.5 * measure(random, nx.gnm_random_graph(60, 150, seed=3))
    empty = CSRGraph.from_edges([], 5)
    assert math.isfinite(measure(empty, random)) and measure(empty, empty) == 0.0


def test_an_array_that_could_be_either() -> None:
    with pytest.raises(GraphError, match="edge_index"):
        gdd_agreement(np.zeros((2, 15), np.int64), some_counts(3, 15), size=4)
    with pytest.raises(GraphError, match="73 columns"):
        gdd_agreement(some_counts(3, 15), some_counts(3, 15), size=5)
    for size in (3, 6, True):
        with pytest.raises(GraphError, match="argument 'size'"):
            gdd_agreement(some_counts(3, 15), some_counts(3, 15), size=size)
    with pytest.raises(GraphError, match="argument 'mean'"):
        gdd_agreement(some_counts(3, 15), some_counts(3, 15), size=4, mean="harmonic")
