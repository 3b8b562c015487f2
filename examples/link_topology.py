"""Which nodes a link predictor does well at, and what the topology around them has to do with it.

    python examples/link_topology.py -o topology.html
    python examples/link_topology.py --dataset cora --model ncn --root ROOT -o topology.png

The first needs no download. After "A Topological Perspective on Demystifying GNN-Based Link
Prediction Performance" (arXiv 2310.04612): a trained model ranks all nodes for every node with test
links; its reciprocal rank is set against the node's topological concentration (TC), its degree and
the density around it. Test links lean less on a node's surroundings than training links did, which
is the distribution shift. In the end edges are re-weighted while a network trains, so that nodes
listen to those they are likely to be linked with.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from graphlocal import CSRGraph, GraphError, datasets, tasks, topology
from graphlocal.models import LinkEncoder, LinkModel
from graphlocal.nn import GCNConv, link
from graphlocal.tasks.link import LinkData, fit, node_link_scores
from graphlocal.transforms import ConcentrationReweighting

MODELS = {"gae": link.HadamardMLP, "ncn": link.NCNPredictor}
METRICS = ("auc", "hits@20", "hits@50")


class Weighted(nn.Module):
    """Two layers of GCN whose edge weights can be changed while it trains."""

    def __init__(self, data: LinkData, hidden: int, reweighting: ConcentrationReweighting) -> None:
        super().__init__()
        graph = reweighting(Data(edge_index=data.edge_index, num_nodes=data.num_nodes))
        self.out_channels = hidden
        self.first = GCNConv(data.x.size(1), hidden, normalize=False)
        self.second = GCNConv(hidden, hidden, normalize=False)
        self.edges, self.original = graph.edge_index, graph.edge_weight
        # Part of the state: the best epoch has the weights it was best with.
        self.register_buffer("weight", graph.edge_weight.clone())

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = self.first(x, self.edges, self.weight).relu()
        return self.second(nn.functional.dropout(h, 0.3, self.training), self.edges, self.weight)


@dataclass
class Reweighted:
    """Scores with and without re-weighting, of every seed."""

    alpha: float
    plain: list[dict[str, float]] = field(default_factory=list)
    moved: list[dict[str, float]] = field(default_factory=list)

    def rows(self) -> list[list[str]]:
        table = []
        for name in METRICS:
            cells = [tasks.mean_std(run[name] for run in runs).percent()
                     for runs in (self.plain, self.moved)]
            table.append([name, *cells])
        return table


def load(args: argparse.Namespace) -> LinkData:
    data = datasets.load(args.dataset, args.root)[0]
    if data.x is None:
        raise GraphError(f"argument 'dataset': got {args.dataset!r} without features, expected a "
                         "data set whose nodes have some")
    return LinkData.random(data.edge_index, data.num_nodes, x=data.x, seed=args.seed)


def train(data: LinkData, args: argparse.Namespace) -> LinkModel:
    tasks.set_seed(args.seed)
    encoder = LinkEncoder(data.x.size(1), args.hidden, input_dropout=0.2)
    model = LinkModel(encoder, MODELS[args.model](args.hidden, args.hidden, dropout=0.1))
    result = fit(model, data, epochs=args.epochs, batch_size=1152, lr=0.005, metrics=METRICS,
                 seed=args.seed, description=args.model)
    print(f"{args.dataset}, {args.model}: " + ", ".join(
        f"{name} {100 * value:.2f}" for name, value in result.test.items())
        + f" on test (epoch {result.best_epoch} of {result.epochs})")
    return model


def reweight(data: LinkData, args: argparse.Namespace) -> Reweighted:
    found = Reweighted(args.alpha)
    for seed in range(args.runs):
        for alpha, scores in ((0.0, found.plain), (args.alpha, found.moved)):
            reweighting = ConcentrationReweighting(alpha, args.form, warm_up=2)
            tasks.set_seed(seed)
            encoder = Weighted(data, args.hidden, reweighting)
            head = link.HadamardMLP(args.hidden, args.hidden)
            model = LinkModel(encoder, head)

            def update(epoch: int, _, model=model, rule=reweighting) -> None:
                if rule.alpha and rule.due(epoch):
                    encoder, head = model.encoder, model.predictor
                    model.eval()
                    with torch.no_grad():
                        h = encoder(data.x, data.edge_index)
                        encoder.weight.copy_(rule.update(
                            encoder.edges, h, lambda a, b: head.head(head.pair_branch(a * b)),
                            encoder.original, encoder.weight))

            result = fit(model, data, epochs=args.epochs, batch_size=1152, lr=0.005, seed=seed,
                         metrics=METRICS, hide_targets=False, on_epoch=update,
                         description=f"re-weighting by {alpha:g}, seed {seed}")
            scores.append(result.test)
    return found


def measure(data: LinkData, model: LinkModel) -> tuple[dict[str, np.ndarray], np.ndarray, object]:
    """Metrics of the nodes that have test links, their reciprocal rank, and the shift."""
    scores = node_link_scores(model, data, ks=[10])
    node = scores["node"].numpy()
    graph = CSRGraph.from_edge_index(data.edge_index, data.num_nodes)
    test = data.test.t().numpy()
    columns = {
        "TC of test links": topology.topological_concentration(graph, test)[node],
        "TC of training links": topology.topological_concentration(graph)[node],
        "degree": graph.degree[node].astype(float),
        "density": topology.ego_density(graph)[node],
    }
    return columns, scores["mrr"].numpy(), topology.topological_distribution_shift(graph, test)


def relations(columns: dict[str, np.ndarray], performance: np.ndarray) -> dict[str, object]:
    found = {}
    for name, values in columns.items():
        there = np.isfinite(values)
        if np.ptp(values[there]) > 0 and np.ptp(performance[there]) > 0:
            found[name] = topology.metric_performance_relation(
                values, performance, bins=8, missing="drop")
    return found


def write_page(path: Path, title: str, columns, performance, found, shift, moved) -> None:
    from graphlocal.report import (
        Beside,
        Figure,
        Page,
        Pair,
        Section,
        Table,
        bins,
        density,
        histogram,
        trends,
    )

    def picture(name: str) -> Figure:
        values = columns[name]
        there = np.isfinite(values) & (values > 0 if name == "degree" else True)
        relation = found.get(name)
        said = "" if relation is None else (
            f"Pearson {relation.pearson:.2f}, Spearman {relation.spearman:.2f}.")
        return Figure(density(values[there], performance[there], x_name=name,
                              log_x=name == "degree", y_name="reciprocal rank"),
                      f"Reciprocal rank against {name}.", said)

    table = Table("Correlations.", ["", "Pearson", "Spearman", "nodes"],
                  [[name, f"{r.pearson:.3f}", f"{r.spearman:.3f}", f"{r.num_nodes:,}"]
                   for name, r in found.items()])
    drawn = {name.removeprefix("TC of ").removesuffix(" links"): (
        colour, (r.metric, r.performance, r.low, r.high))
        for name, colour in (("TC of training links", "a"), ("TC of test links", "b"))
        if (r := found.get(name))}
    curve = Figure(trends(drawn, x_name="topological concentration", y_name="reciprocal rank"),
                   "Mean reciprocal rank.",
                   "Over ranges of TC that hold about as many nodes, with 95 % bands.") if (
                       drawn) else None
    names = list(columns)
    sections = [
        Section("Where links are predicted well", "Nodes with test links, darker where there are "
                "many; the line is the mean over ranges.", [Pair(*map(picture, names[:2])),
                                          Pair(*map(picture, names[2:4]))]),
        Section("What goes with it", "Correlations with the reciprocal rank.", [Pair(
            curve, table) if curve is not None else table]),
        Section("The shift", "By how much a node's training neighbours are joined to its other "
                f"neighbours more than its test neighbours are: {shift}.", [Beside(Figure(
                    histogram(bins(shift.shift[np.isfinite(shift.shift)], log=False),
                              x_name="TC(train) - TC(test)", y_name="nodes"), "The shift.",
                    "Below zero: new links lean on the surroundings more than the old."))]),
    ]
    if moved is not None:
        sections.append(Section(
            "Edges re-weighted", f"A GCN whose weights stay, and one whose weights move by "
            f"{moved.alpha:g} towards likely links; {len(moved.plain)} seeds.",
            [Table("Test scores in percent.", ["", "as they are", "re-weighted"], moved.rows())]))
    page = Page("graphlocal, link prediction", title,
                "Which nodes a link predictor does well at, and what the topology around them has "
                "to do with it.", sections=sections)
    replace(path, lambda temporary: temporary.write_text(page.html(), encoding="utf-8"))


def write_picture(path: Path, title: str, columns, performance, found, shift, moved) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(14, 8), layout="constrained")
    for axis, (name, values) in zip(axes.flat, columns.items(), strict=False):
        axis.plot(values, performance, ".", alpha=0.15, color="#4664b8")
        if name in found:
            r = found[name]
            axis.plot(r.metric, r.performance, color="#c23b4e")
            axis.fill_between(r.metric, r.low, r.high, color="#c23b4e", alpha=0.25, lw=0)
            axis.set_title(f"Pearson {r.pearson:.2f}, Spearman {r.spearman:.2f}", fontsize=10)
        axis.set(xlabel=name, ylabel="reciprocal rank",
                 xscale="log" if name == "degree" else "linear")
    axis = axes[1, 1]
    axis.hist(shift.shift[np.isfinite(shift.shift)], bins=30, color="#4664b8")
    axis.set(xlabel="TC(train) - TC(test)", ylabel="nodes")
    axis = axes[1, 2]
    if moved is None:
        axis.set_axis_off()
    else:
        for offset, (label, runs) in enumerate((("as they are", moved.plain),
                                                ("re-weighted", moved.moved))):
            values = np.array([[100 * run[m] for m in METRICS] for run in runs])
            axis.bar(np.arange(3) + 0.4 * offset - 0.2, values.mean(0), 0.38,
                     yerr=values.std(0), label=label, color=("#9aa7c7", "#c23b4e")[offset])
        axis.set_xticks(range(3), METRICS)
        axis.set(ylabel="test, %", title="edges re-weighted")
        axis.legend(loc="lower right")
    figure.suptitle(title)
    replace(path, lambda temporary: figure.savefig(temporary, dpi=120, format="png"))
    plt.close(figure)


def replace(path: Path, write) -> None:
    """Half a page is none: it gets its name when it is whole."""
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits", help="what graphlocal.datasets.load knows")
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    parser.add_argument("--model", choices=MODELS, default="gae")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3, help="seeds of the re-weighting; 0: none")
    parser.add_argument("--alpha", type=float, default=1.0, help="strength of the re-weighting")
    parser.add_argument("--form", choices=("paper", "code"), default="code")
    parser.add_argument("-o", "--output", type=Path, help=".html or .png")
    args = parser.parse_args()
    if args.output:
        if args.output.suffix.lower() not in (".html", ".png"):
            parser.error(f"--output: a name that ends in .html or .png, not {args.output.name}")
        if not args.output.parent.is_dir():
            parser.error(f"--output: there is no folder {args.output.parent}")
    if min(args.hidden, args.epochs) < 1 or args.runs < 0:
        parser.error("--hidden and --epochs: at least 1; --runs: at least 0")
    data = load(args)
    model = train(data, args)
    columns, performance, shift = measure(data, model)
    found = relations(columns, performance)
    print(f"{len(performance):,} nodes with test links, mean reciprocal rank "
          f"{performance.mean():.3f}")
    for name, relation in found.items():
        print(f"{name:22} Pearson {relation.pearson:6.3f}  Spearman {relation.spearman:6.3f}")
    print(f"TC: {shift}")
    moved = reweight(data, args) if args.runs else None
    for name, plain, changed in moved.rows() if moved else ():
        print(f"{name:22} as they are {plain}   re-weighted {changed}")
    if args.output:
        write = write_page if args.output.suffix.lower() == ".html" else write_picture
        title = f"{args.dataset}, {args.model}: links and topology"
        write(args.output, title, columns, performance, found, shift, moved)
        print(f"wrote {args.output}")


if __name__ == "__main__":
    try:
        main()
    except GraphError as error:
        raise SystemExit(f"error: {error}") from error
