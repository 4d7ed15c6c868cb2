"""Suggests the name that the operator may have meant. Pure."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_SIMILAR = 0.6
"""Similarity below which a suggestion would be a guess."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns the known name most similar to `name`, in any case of letters; empty when none is similar.

    A name that begins with the other one is similar. Among equally similar names the one with most characters in the
    same place wins.
    """
    wanted = name.lower()
    best, best_score = "", (0.0, 0)
    for one in sorted(known):
        candidate = one.lower()
        ratio = SequenceMatcher(None, wanted, candidate, autojunk=False).ratio()
        begins = len(wanted) > 1 and (candidate.startswith(wanted) or wanted.startswith(candidate))
        in_place = sum(a == b for a, b in zip(wanted, candidate, strict=False))
        score = (round(max(ratio, _SIMILAR if begins else 0.0), 3), in_place)
        if score[0] >= _SIMILAR and score > best_score:
            best, best_score = one, score
    return best
