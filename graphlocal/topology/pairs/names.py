"""The scores of pairs there are: the command line and its ``--list`` follow from here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from ...graph import checks
from ...kernels.cpu import pair_scores as kernel


@dataclass(frozen=True)
class PairScore:
    """One score of two nodes u and v.

    Args:
        place: Where the kernel looks up its column; ``None`` where another one computes it.
        description: One line for ``graphlocal pairs --list``.
        whole: Whether it is a whole number.
        local: Whether it is above 0 only where there is a common neighbour.
        shared: Whether common neighbours are looked for at all.

    Example:
        >>> PAIR_SCORES["cn"].whole
        True
    """

    place: int | None
    description: str
    whole: bool = False
    local: bool = False
    shared: bool = True


#: One line a score.
PAIR_SCORES: dict[str, PairScore] = {
    "cn": PairScore(kernel.COMMON, "common neighbours", whole=True, local=True),
    "jaccard": PairScore(kernel.JACCARD, "common neighbours per neighbour of either", local=True),
    "aa": PairScore(kernel.ADAMIC_ADAR, "Adamic-Adar: sum of 1 / log(degree) over the common "
                    "neighbours", local=True),
    "ra": PairScore(kernel.ALLOCATION, "resource allocation: sum of 1 / degree over the common "
                    "neighbours", local=True),
    "pa": PairScore(kernel.ATTACHMENT, "preferential attachment: product of the degrees",
                    whole=True, shared=False),
    "katz2": PairScore(kernel.KATZ, "Katz index of paths of up to two edges: beta per edge, "
                       "beta^2 per common neighbour"),
    "sorensen": PairScore(kernel.SORENSEN, "common neighbours per mean degree", local=True),
    "cosine": PairScore(kernel.COSINE, "common neighbours per geometric mean of the degrees "
                        "(Salton)", local=True),
    "ppr": PairScore(None, "personalised PageRank of each from the other, added up; far slower "
                     "than the rest", shared=False),
}

#: What is computed when nothing is named: cheap, also for millions of pairs.
DEFAULT_SCORES = ("cn", "jaccard", "aa", "ra", "pa", "katz2")


def resolve_scores(names: str | Iterable[str], argument: str = "names") -> list[str]:
    """Names of scores, each once, from a list or a comma-separated text; ``"all"`` means all.

    Raises:
        GraphError: If a name is unknown or there is none.

    Example:
        >>> resolve_scores("ra, cn")
        ['ra', 'cn']
    """
    if not isinstance(names, Iterable):
        checks.fail(argument, repr(names), "names of scores", kind=checks.GraphTypeError)
    known = ", ".join(PAIR_SCORES)
    chosen: list[str] = []
    for part in names.split(",") if isinstance(names, str) else names:
        if not isinstance(part, str):
            checks.fail(argument, repr(part), "names of scores", kind=checks.GraphTypeError)
        name = part.strip()
        if name == "all":
            chosen.extend(PAIR_SCORES)
        elif name in PAIR_SCORES:
            chosen.append(name)
        elif name:
            close = difflib.get_close_matches(name.lower(), PAIR_SCORES, n=1)
            checks.fail(argument, repr(name), f"any of {known} or all",
                        f"did you mean '{close[0]}'?" if close else "")
    if not chosen:
        checks.fail(argument, "no name", f"any of {known} or all")
    return list(dict.fromkeys(chosen))
