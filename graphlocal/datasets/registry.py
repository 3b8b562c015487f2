"""Which published data set belongs to which class, and what a name may be spelled like."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any

from ..graph.checks import GraphTypeError, fail


@dataclass(frozen=True)
class Source:
    """One data set: its class in PyG or OGB, and the arguments that select it there."""

    name: str
    family: str
    arguments: dict[str, Any] = field(default_factory=dict)
    #: Values an argument of the class may take, where the class itself would only assert.
    choices: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def is_ogb(self) -> bool:
        return self.name.startswith("ogb")


#: prefix of a name -> class of OGB
_OGB = {"ogbn": "PygNodePropPredDataset", "ogbl": "PygLinkPropPredDataset",
        "ogbg": "PygGraphPropPredDataset"}
_OGB_NAMES = {
    "ogbn": "proteins products arxiv mag papers100M",
    "ogbl": "ppa collab citation2 wikikg2 ddi biokg vessel",
    "ogbg": "molbace molbbbp molclintox molmuv molpcba molsider moltox21 moltoxcast molhiv molesol "
            "molfreesolv mollipo molchembl ppa code2",
}
#: The TU collection has over a hundred members: these are known by name, all as ``tu:NAME``.
_TU_NAMES = [
    "AIDS", "BZR", "BZR_MD", "COIL-DEL", "COIL-RAG", "COLLAB", "COX2", "COX2_MD", "DBLP_v1", "DD",
    "DHFR", "DHFR_MD", "ENZYMES", "ER_MD", "FIRSTMM_DB", "FRANKENSTEIN", "Fingerprint",
    "IMDB-BINARY", "IMDB-MULTI", "KKI", "Letter-high", "Letter-low", "Letter-med", "MCF-7",
    "MOLT-4", "MSRC_21", "MSRC_21C", "MSRC_9", "MUTAG", "Mutagenicity", "NCI-H23", "NCI1", "NCI109",
    "OHSU", "PROTEINS", "PROTEINS_full", "PTC_FM", "PTC_FR", "PTC_MM", "PTC_MR", "Peking_1",
    "REDDIT-BINARY", "REDDIT-MULTI-12K", "REDDIT-MULTI-5K", "SYNTHETIC", "SYNTHETICnew", "Synthie",
    "TWITTER-Real-Graph-Partial", "Tox21_AR", "Yeast", "deezer_ego_nets", "facebook_ct1",
    "github_stargazers", "reddit_threads", "twitch_egos",
]
_PLANETOID_SPLITS = {"split": ("public", "full", "geom-gcn", "random")}


def _sources() -> list[Source]:
    found = [Source("digits", "DigitsGraph")]
    found += [Source(name.lower(), "Planetoid", {"name": name}, _PLANETOID_SPLITS)
              for name in ("Cora", "CiteSeer", "PubMed")]
    found += [Source(name, "HeterophilousGraphDataset", {"name": name}) for name in
              ("roman-empire", "amazon-ratings", "minesweeper", "tolokers", "questions")]
    found += [Source(name, "WebKB", {"name": name}) for name in ("cornell", "texas", "wisconsin")]
    found += [Source("actor", "Actor")]
    found += [Source(name, "WikipediaNetwork", {"name": name}) for name in
              ("chameleon", "squirrel")]
    found += [Source("crocodile", "WikipediaNetwork",
                     {"name": "crocodile", "geom_gcn_preprocess": False})]
    found += [Source(f"amazon-{name}", "Amazon", {"name": name}) for name in ("computers", "photo")]
    found += [Source(f"coauthor-{name}", "Coauthor", {"name": name}) for name in ("cs", "physics")]
    found += [Source(f"airports-{name}", "Airports", {"name": name}) for name in
              ("usa", "brazil", "europe")]
    found += [Source("email-eu-core", "EmailEUCore")]
    found += [Source(f"{name}-full", "CitationFull", {"name": name}) for name in
              ("cora", "citeseer", "pubmed", "dblp")]
    found += [Source("cora-ml", "CitationFull", {"name": "cora_ml"})]
    found += [Source(f"{prefix}-{name.lower()}", _OGB[prefix], {"name": f"{prefix}-{name}"})
              for prefix, line in _OGB_NAMES.items() for name in line.split()]
    found += [_tu(name) for name in _TU_NAMES]
    return found


def _tu(name: str) -> Source:
    return Source(_key(name), "TUDataset", {"name": name})


def _key(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(" ", "-")


KNOWN: dict[str, Source] = {source.name: source for source in _sources()}
_ALIASES = {"computers": "amazon-computers", "photo": "amazon-photo", "cs": "coauthor-cs",
            "physics": "coauthor-physics", "dblp": "dblp-full", "film": "actor",
            "usa-airports": "airports-usa", "brazil-airports": "airports-brazil",
            "europe-airports": "airports-europe", "digitsgraph": "digits"}


def names() -> list[str]:
    """Names that :func:`load` knows, in order: the embedded one, nodes, links, graphs.

    Any other member of the TU collection is loaded as ``tu:NAME``.

    Example:
        >>> from graphlocal.datasets import names
        >>> names()[:4]
        ['digits', 'cora', 'citeseer', 'pubmed']
        >>> "ogbl-ddi" in names()
        True
    """
    return list(KNOWN)


def resolve(name: str) -> Source:
    """The source of a name: case does not matter, nor whether words are joined by ``-`` or ``_``.

    Example:
        >>> resolve("Roman_Empire").family
        'HeterophilousGraphDataset'
        >>> resolve("tu:SYNTHETIC").arguments
        {'name': 'SYNTHETIC'}
    """
    if not isinstance(name, str):
        fail("name", repr(name), "the name of a data set", "names() lists them",
             kind=GraphTypeError)
    key = _key(name)
    if key.startswith("tu:"):
        exact = name.strip()[3:]
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", exact):
            fail("name", repr(name), "'tu:' and letters, digits, '_' or '-'")
        known = KNOWN.get(key[3:])
        return known if known and known.family == "TUDataset" else _tu(exact)
    source = KNOWN.get(_ALIASES.get(key, key))
    if source is None:
        close = difflib.get_close_matches(key, [*KNOWN, *_ALIASES], n=3, cutoff=0.6)
        fail("name", repr(name), "a name out of names()" if not close else
             "a known name, such as " + " or ".join(repr(match) for match in close),
             "any member of the TU collection is loaded as 'tu:NAME'")
    return source
