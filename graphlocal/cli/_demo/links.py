"""Section: hidden edges, found again by networks that look at common neighbours and one that does
not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...report import Fact, Figure, Pair, Section, Table, trends
from .workspace import Made, Workspace, one_thread

# Those of the data set 'digits' in examples/ogbl_ncn.py, but for the epochs.
_HIDDEN = 64
_ENCODER = {"conv": "puregcn", "input_dropout": 0.2, "dropout": 0.1}
_PREDICTOR = {"dropout": 0.1, "edge_dropout": 0.1}
_COMPLETION = {"scale": 4.0, "offset": 3.0, "pt": 0.75, "alpha": 0.5}
_TRAIN = {"lr": 0.005, "predictor_lr": 0.003, "batch_size": 1152}
_PREDICTORS = {"GAE": "HadamardMLP", "NCN": "NCNPredictor", "NCNC": "NCNCPredictor"}
_COLOURS = {"GAE": "b", "NCN": "a"}  # whose scores of nodes are drawn
_HITS = ("hits@20", "hits@50", "hits@100")
_NODE_SCORE, _BINS = "recall@10", 5
# An epoch here takes as long as a dozen of the section before.
_MOST_SEEDS, _EPOCHS_PER = 3, 8


def section(work: Workspace) -> Section:
    """Trains GAE, NCN and NCNC on the same splits and asks where in the graph they do well."""
    from ... import CSRGraph, tasks, topology
    from ...models import LinkEncoder, LinkModel
    from ...nn import link

    seeds, epochs = range(min(work.num_seeds, _MOST_SEEDS)), max(1, work.epochs // _EPOCHS_PER)

    def split(seed: int) -> tasks.link.LinkData:
        return tasks.link.LinkData.random(work.data.edge_index, x=work.data.x, seed=seed)

    def make(name: str) -> LinkModel:
        options = {**_PREDICTOR, **(_COMPLETION if name == "NCNC" else {})}
        return LinkModel(LinkEncoder(work.data.x.size(1), _HIDDEN, **_ENCODER),
                         getattr(link, _PREDICTORS[name])(_HIDDEN, _HIDDEN, **options))

    log = tasks.JsonLines(work.folder.write("links.jsonl", ""))
    results: dict[str, Any] = {}
    models: dict[str, Any] = {}
    relations: dict[str, Any] = {}
    with one_thread():
        with work.bar(len(seeds) * epochs * len(_PREDICTORS), "  training") as bar:
            for name in _PREDICTORS:
                def keep(result: Any, model: Any, name: str = name) -> None:
                    if result.seed == 0:
                        models[name] = model

                results[name] = tasks.link.run(
                    lambda name=name: make(name), split, seeds=seeds, epochs=epochs, log=log,
                    config={"model": name}, on_run=keep, progress=False,
                    on_epoch=lambda epoch, scores: bar.update(), **_TRAIN)
                work.say(f"  {name}: " + ", ".join(
                    f"{_title(hits)} {results[name].test(hits).percent(1)} %" for hits in _HITS))
        data = split(0)
        work.say(f"  ranks of all nodes for the {data.test.unique().numel():,} that have test "
                 "edges")
        graph = CSRGraph.from_edge_index(data.edge_index, data.num_nodes)
        concentration = topology.topological_concentration(graph, undefined=float("nan"))
        for name in _COLOURS:
            scores = tasks.link.node_link_scores(models[name], data, ks=[10])
            relations[name] = topology.metric_performance_relation(
                concentration[scores["node"].numpy()], scores[_NODE_SCORE].numpy(), bins=_BINS,
                missing="drop")
    mean, *std = results["NCN"].test("hits@20").percent(1).split(" ")
    work.facts.append(Fact("Hits@20 of the NCN", f"{mean} %", " ".join(std)))
    return Section(
        "Predicting edges",
        f"{data.val.size(1) + data.test.size(1):,} edges are hidden and the networks learn from "
        f"the other {data.train.size(1):,}. All three see the pixels of both images and of their "
        "neighbours; NCN also sees those of the neighbours they have in common, NCNC also those "
        f"they may come to have in common. {_verdict(results)} {_where(relations)}",
        [Pair(_picture(relations), _table(results, epochs)),
         Made(code(len(seeds), epochs))],
    )


def code(num_seeds: int, epochs: int) -> str:
    """A program that trains as the section does and prints its figures."""
    train = ", ".join(f"{name}={value}" for name, value in _TRAIN.items())
    return f"""\
import torch
from graphlocal import CSRGraph, datasets, tasks, topology
from graphlocal.models import LinkEncoder, LinkModel
from graphlocal.nn.link import HadamardMLP, NCNCPredictor, NCNPredictor

torch.set_num_threads(1)
digits = datasets.DigitsGraph()[0]
settings = dict(seeds=range({num_seeds}), epochs={epochs}, {train})
encoder = {_words(_ENCODER)}
predictor = {_words(_PREDICTOR)}
completion = {_words(_COMPLETION)}

def split(seed):
    return tasks.link.LinkData.random(digits.edge_index, x=digits.x, seed=seed)

def train(name, predictor_class, **options):
    def make():
        return LinkModel(LinkEncoder(64, {_HIDDEN}, **encoder),
                         predictor_class({_HIDDEN}, {_HIDDEN}, **predictor, **options))
    models = []
    result = tasks.link.run(make, split, on_run=lambda _, model: models.append(model), **settings)
    print(name, result)
    return models[0]

gae = train("GAE", HadamardMLP)
ncn = train("NCN", NCNPredictor)
train("NCNC", NCNCPredictor, **completion)

data = split(0)
graph = CSRGraph.from_edge_index(data.edge_index, data.num_nodes)
concentration = topology.topological_concentration(graph, undefined=float("nan"))
for name, model in (("GAE", gae), ("NCN", ncn)):
    scores = tasks.link.node_link_scores(model, data, ks=[10])
    print(name, topology.metric_performance_relation(
        concentration[scores["node"]], scores["{_NODE_SCORE}"], bins={_BINS}, missing="drop"))
"""


def _words(options: dict[str, Any]) -> str:
    return f"dict({', '.join(f'{name}={value!r}' for name, value in options.items())})".replace(
        "'", '"')


def _title(hits: str) -> str:
    return hits.capitalize()


def _picture(relations: dict[str, Any]) -> Figure:
    first = next(iter(relations.values()))
    return Figure(
        trends({name: (_COLOURS[name], (r.metric, r.performance, r.low, r.high))
                for name, r in relations.items()},
               x_name="topological concentration", y_name="recall@10", share=True),
        "Where edges are found.",
        f"Of each of {first.num_nodes:,} images, the share of its hidden edges among the ten pairs "
        "with it that score highest: means over ranges of its topological concentration and their "
        f"{100 * first.confidence:.0f} % bands, seed 0.")


def _table(results: dict[str, Any], epochs: int) -> Table:
    runs = len(next(iter(results.values())).runs)
    times = f"{epochs} epochs" if epochs > 1 else "one epoch"
    said = (f"Mean ± standard deviation over {runs} seeds, each with a split of its own,"
            if runs > 1 else "One seed,")
    rows = [(name, *(result.test(hits).percent(1) for hits in _HITS),
             f"{_milliseconds(result):.0f} ms") for name, result in results.items()]
    return Table(
        "Hidden test edges found, in percent.", ("", *map(_title, _HITS), "epoch"), rows,
        "Hits@K: those that score above the K-th best of as many pairs that are no edges. "
        f"{said} {times}; the epoch is the best on validation. The runs are in links.jsonl.")


def _milliseconds(result: Any) -> float:
    return 1000 * float(np.median([run.seconds_per_epoch for run in result.runs]))


def _verdict(results: dict[str, Any]) -> str:
    """How far NCN and NCNC are from GAE on the same splits, whichever is ahead."""
    def ahead(name: str, hits: str) -> np.ndarray:
        found, other = ([run.best[hits].test for run in results[n].runs] for n in (name, "GAE"))
        return 100 * (np.array(found) - np.array(other))

    parts = []
    for name in ("NCN", "NCNC"):
        points = ahead(name, "hits@20")
        mean, wins = round(float(points.mean()), 1), int((points > 0).sum())
        side = "level" if mean == 0 else (
            f"{abs(mean):.1f} points {'ahead' if mean > 0 else 'behind'}")
        often = f" (higher in {wins} of {len(points)} seeds)" if len(points) > 1 else ""
        parts.append(f"{name} is {side}{often}")
    least = [f"{ahead(name, 'hits@100').mean():+.1f}" for name in ("NCN", "NCNC")]
    return (f"Compared with GAE in Hits@20, {parts[0]} and {parts[1]}; in Hits@100 it is "
            f"{least[0]} and {least[1]} points.")


def _where(relations: dict[str, Any]) -> str:
    """What the curve says, by the rank correlation of NCN."""
    rank = {name: r.spearman for name, r in relations.items()}
    if abs(rank["NCN"]) < 0.1:
        said = "Topological concentration says little about where edges are found:"
    else:
        degree = "somewhat " if abs(rank["NCN"]) < 0.3 else ""
        where, often = ("high", "often") if rank["NCN"] > 0 else ("low", "seldom")
        said = (f"Edges are found {degree}more often where topological concentration is {where}, "
                f"where the neighbours of an image {often} have each other for neighbours:")
    return f"{said} the rank correlation is {rank['NCN']:.2f} for NCN, {rank['GAE']:.2f} for GAE."
