"""Lays the stretches of a recording end to end: what ffmpeg has to do with the times of its samples. Pure.

A file's own axis is what its samples say. Where its clock begins anew it has parts, and what is to be added to the
times of each lays them end to end (timing.Epochs). The recording's axis begins with its first sample, holes and all;
a rendition's leaves the holes out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from service.footage.stretches import length, played_at
from workers.media.probe import Probe, StreamFacts
from workers.media.timing import FALLS_BACK_S, Stretch

NEAR_S = 0.05
ROUNDED_S = 0.002  # stretches are kept in milliseconds: none may lose its first sample by that


@dataclass(frozen=True)
class Laid:
    """`origin_s`: where the first sample lies, with `parts` end to end: (where it begins, what was added to it) of
    each."""

    stretches: tuple[Stretch, ...]
    origin_s: float
    parts: tuple[tuple[float, float], ...]

    @property
    def length_s(self) -> float:
        return length(self.stretches)

    def moved(self, number: int) -> list[tuple[float, float, float]]:
        """Of a part: (from, to, what to add for the rendition) of the stretches in it, by the part's own clock."""
        begin, offset = self.parts[number]
        begin = begin if number else float("-inf")
        end = self.parts[number + 1][0] if number + 1 < len(self.parts) else float("inf")
        found, played = [], 0.0
        for start, until in self.stretches:
            since, to = max(start + self.origin_s, begin), min(until + self.origin_s, end)
            if since < to:
                found.append((since - offset, to - offset, offset - self.origin_s - start + played))
            played += until - start
        return found

    def played_at(self, into_s: float) -> float:
        """Where the rendition shows this second of the recording; of a hole, where it goes on."""
        return min(self.length_s, played_at(self.stretches, into_s))

    def recorded(self, ranges: Iterable[Stretch]) -> list[Stretch]:
        """Ranges of the rendition's seconds as the recording's, each cut where there is a hole."""
        found, played = [], 0.0
        pieces = []
        for start, end in self.stretches:
            pieces.append((played, played + end - start, start - played))
            played += end - start
        for since, to in ranges:
            for begin, end, moved in pieces:
                if max(since, begin) < min(to, end):
                    found.append((round(max(since, begin) + moved, 3), round(min(to, end) + moved, 3)))
        return found


def laid_of(probe: Probe, shown: StreamFacts, stretches: Sequence[Sequence[float]] | None) -> Laid | None:
    """None where the samples lie as they are to be shown: nothing is to be done, or nothing is known."""
    if not stretches or shown.start_s is None:
        return None
    found = tuple((start, end) for start, end in stretches)
    heard_first = shown.kind == "video" and probe.lead_s > 0
    whole = not heard_first and len(found) == 1 and found[0][0] < NEAR_S and len(probe.parts) == 1
    if whole and (shown.measured_s or 0.0) - found[0][1] < max(NEAR_S, 2 * (shown.usual_s or 0.0)):
        return None
    return Laid(found, shown.start_s, tuple(probe.parts))


def select_expression(laid: Laid) -> str:
    """For the filters select and aselect: nothing that lies in a hole."""
    return _by_part(laid, "t", lambda since, to, _: f"gte(t,{since:.6f})*lt(t,{to:.6f})", "0")


def move_expression(laid: Laid) -> str:
    """For setpts and asetpts: the rendition's times."""
    return f"({_by_part(laid, 'T', lambda _since, _to, moved: f'T+({moved:.6f})', 'T')})/TB"


Leaf = Callable[[float, float, float], str]


def _by_part(laid: Laid, time: str, leaf: Leaf, otherwise: str) -> str:
    """ffmpeg's expressions keep numbers from one sample to the next: 0 counts the parts, 1 is the last time."""
    trees = [_tree(laid.moved(number), time, leaf, otherwise) for number in range(len(laid.parts))]
    if len(trees) == 1:
        return trees[0]
    return f"st(0,ld(0)+lt({time},ld(1)-{FALLS_BACK_S}));st(1,{time});{_chosen(trees, 0)}"


def _chosen(trees: list[str], first: int) -> str:
    if len(trees) == 1:
        return trees[0]
    half = len(trees) // 2
    return (
        f"if(lt(ld(0),{first + half}),{_chosen(trees[:half], first)},{_chosen(trees[half:], first + half)})"
    )


def _tree(pieces: list[tuple[float, float, float]], time: str, leaf: Leaf, otherwise: str) -> str:
    """Halved again and again: ffmpeg's parser goes only so deep."""
    if not pieces:
        return otherwise
    if len(pieces) == 1:
        since, to, moved = pieces[0]
        return leaf(since - ROUNDED_S, to - ROUNDED_S, moved)
    half = len(pieces) // 2
    between = (pieces[half - 1][1] + pieces[half][0]) / 2
    left, right = (_tree(some, time, leaf, otherwise) for some in (pieces[:half], pieces[half:]))
    return f"if(lt({time},{between:.6f}),{left},{right})"
