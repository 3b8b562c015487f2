"""The metrics there are: the command line, its ``--list`` and the table follow from here."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from ..graph import checks
from .betweenness import betweenness
from .closeness import closeness
from .clustering import clustering
from .components import connected_components
from .core import core_number
from .degree import degree
from .neighborhoods import average_neighbor_degree, ego_density, within_two_hops
from .pagerank import pagerank
from .triangles import triangles


@dataclass(frozen=True)
class Metric:
    """One metric of nodes.

    Args:
        function: Takes a ``CSRGraph`` and returns ``[N]``, or ``[N, C]`` for C columns.
        columns: Names of its columns in a table.
        description: One line for ``graphlocal metrics --list``.
        cost: How its time grows with N nodes and M edges.
        uses: Metrics it is computed from; the function takes each as the keyword of that name, so
            that a table with both computes them once.
        in_all: Whether ``"all"`` means this one too: not where it may take hours on a graph on
            which the others take seconds.

    Example:
        >>> METRICS["clustering"].uses
        ('triangles',)
    """

    function: Callable[..., Any]
    columns: tuple[str, ...]
    description: str
    cost: str
    uses: tuple[str, ...] = ()
    in_all: bool = True

    @property
    def seeded(self) -> bool:
        """Whether it draws at random: its function takes a ``seed`` then."""
        return "seed" in inspect.signature(self.function).parameters


#: What a table draws: enough for a good picture in the time of the other metrics.
CLOSENESS_SOURCES, BETWEENNESS_PATHS = 1024, 20_000


def _closeness(graph: Any, seed: int = 0) -> NDArray[Any]:
    return closeness(graph, CLOSENESS_SOURCES, seed=seed).values


def _betweenness(graph: Any, seed: int = 0) -> NDArray[Any]:
    return betweenness(graph, BETWEENNESS_PATHS, seed=seed).values


# Their many kernels are imported where they are asked for.
def _concentration_of_two_hops(graph: Any) -> NDArray[Any]:
    from .concentration import topological_concentration

    return topological_concentration(graph, hops=2)


def _orbits(graph: Any, size: Any) -> NDArray[Any]:
    from .orbits import orbit_counts

    return orbit_counts(graph, size)


#: One line a metric.
METRICS: dict[str, Metric] = {
    "degree": Metric(degree, ("degree",), "number of neighbours", "N"),
    "triangles": Metric(triangles, ("triangles",), "triangles the node is a corner of", "M^1.5"),
    "clustering": Metric(clustering, ("clustering",), "share of pairs of neighbours that are "
                         "connected", "M^1.5", uses=("triangles",)),
    "core": Metric(core_number, ("core",), "largest k such that the node is in the k-core", "N+M"),
    "component": Metric(connected_components, ("component",), "number of the connected component, "
                        "by smallest node", "N+M"),
    "pagerank": Metric(pagerank, ("pagerank",), "share of visits of a walk that restarts", "N+M"),
    "neighbor_degree": Metric(average_neighbor_degree, ("neighbor_degree",),
                              "mean degree of the neighbours", "M"),
    "ego_density": Metric(ego_density, ("ego_density",), "density of the subgraph of the node and "
                          "its neighbours", "M^1.5", uses=("triangles",)),
    "hop2": Metric(within_two_hops, ("hop2",), "nodes within two hops", "sum of squared degrees"),
    "tc2": Metric(_concentration_of_two_hops, ("tc2",),
                  "topological concentration of two hops (that of one hop is clustering)",
                  "M for every 512 links of hubs", in_all=False),
    "closeness": Metric(_closeness, ("closeness",), f"inverse mean distance, to at most "
                        f"{CLOSENESS_SOURCES:,} random nodes of each component", "M"),
    "betweenness": Metric(_betweenness, ("betweenness",), f"share of shortest paths through the "
                          f"node, of {BETWEENNESS_PATHS:,} random ones", "M"),
    "orbits4": Metric(partial(_orbits, size=4), tuple(f"o{i}" for i in range(15)),
                      "graphlet orbits o0..o14: how often the node takes each place in each "
                      "graphlet of up to four nodes", "M^1.5"),
    "orbits5": Metric(partial(_orbits, size=5), tuple(f"o{i}" for i in range(73)),
                      "graphlet orbits o0..o72, of up to five nodes", "M^2 at worst", in_all=False),
}

#: What is computed when nothing is named: cheap on any graph.
DEFAULT = ("degree", "triangles", "clustering", "core", "component")


def resolve(names: str | Iterable[str]) -> list[str]:
    """Names of metrics, each once, from a list or a comma-separated text.

    ``"all"`` stands for all but those that may take hours, which have to be named.

    Raises:
        GraphError: If a name is unknown or there is none.

    Example:
        >>> resolve("core, degree")
        ['core', 'degree']
    """
    if not isinstance(names, Iterable):
        checks.fail("metrics", repr(names), "names of metrics", kind=checks.GraphTypeError)
    parts = names.split(",") if isinstance(names, str) else list(names)
    chosen: list[str] = []
    for part in parts:
        if not isinstance(part, str):
            checks.fail("metrics", repr(part), "names of metrics", kind=checks.GraphTypeError)
        name = part.strip()
        if name == "all":
            chosen.extend(other for other, metric in METRICS.items() if metric.in_all)
        elif name in METRICS:
            chosen.append(name)
        elif name:
            close = difflib.get_close_matches(name.lower(), METRICS, n=1)
            checks.fail("metrics", repr(name), "any of " + ", ".join(METRICS) + " or all",
                        f"did you mean '{close[0]}'?" if close else "")
    if not chosen:
        checks.fail("metrics", "no name", "any of " + ", ".join(METRICS) + " or all")
    return list(dict.fromkeys(chosen))


def without_parts(chosen: list[str]) -> list[str]:
    """Leaves out what another one contains: a column means the same whichever metric it is of.

    Example:
        >>> without_parts(["orbits4", "core", "orbits5"])
        ['core', 'orbits5']
    """
    columns = {name: set(METRICS[name].columns) for name in chosen}
    return [name for name in chosen if not any(columns[name] < columns[m] for m in chosen)]


def order(chosen: list[str]) -> list[str]:
    """Every metric that is computed for those chosen, in the order in which they are.

    Example:
        >>> order(["clustering", "degree"])
        ['triangles', 'clustering', 'degree']
    """
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for other in METRICS[name].uses:
            visit(other)
        found.setdefault(name)

    for name in without_parts(chosen):
        visit(name)
    return list(found)
