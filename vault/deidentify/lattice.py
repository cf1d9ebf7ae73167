"""The search for the combination of levels that loses least.

Rules:
- what holds at a combination holds at every coarser one, so an answer settles many combinations at once: those above
  one that holds, those below one that does not (Samarati 2001; Kohlmayer et al., Flash, 2012);
- combinations are visited by the least they can lose; once that is more than the best one found loses, none is left;
- what is undecided is asked along a path upwards, by halves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vault.deid_errors import DeidPlanError

MOST_NODES: Final = 250_000
SLACK: Final = 1e-12
_HOLDS: Final = 1
_FAILS: Final = -1

Levels = tuple[int, ...]
OnProgress = Callable[[int, int | None], None]
"""(combinations settled, combinations in all)."""


@dataclass(frozen=True, slots=True)
class Found:
    """The combination that loses least.

    Attributes:
        checked: how many combinations were looked at.
        nodes: how many there are.
    """

    levels: Levels
    loss: float
    checked: int
    nodes: int


class Lattice:
    """All combinations of levels.

    Attributes:
        nodes: one combination a row.
        floors: the least each one loses, ascending along every path upwards.
    """

    def __init__(self, ranges: Sequence[range], losses: Sequence[Sequence[float]]) -> None:
        """``ranges``: the levels of each column that may be used; ``losses``: what each of its levels loses at least.

        Raises: DeidPlanError: there are too many.
        """
        count = int(np.prod([len(levels) for levels in ranges], dtype=np.float64))
        if count > MOST_NODES:
            raise DeidPlanError([f"the ladders have {count} combinations, at most {MOST_NODES} can be searched"])
        grids = np.meshgrid(*[np.arange(levels.start, levels.stop) for levels in ranges], indexing="ij")
        self.nodes: NDArray[Any] = np.stack([grid.ravel() for grid in grids], axis=1)
        self.floors: NDArray[Any] = np.zeros(len(self.nodes))
        for column, lost in enumerate(losses):
            self.floors += np.asarray(lost)[self.nodes[:, column]]
        self._tops = np.array([levels.stop - 1 for levels in ranges])
        self._place = {tuple(node): place for place, node in enumerate(self.nodes.tolist())}
        self._tags = np.zeros(len(self.nodes), np.int8)
        self.checked = 0

    def search(
        self,
        holds: Callable[[Levels], bool],
        loss: Callable[[Levels], float | None],
        on_progress: OnProgress | None = None,
    ) -> Found | None:
        """Find the combination that loses least among those that hold; None if none does.

        ``holds`` must pass on upwards. ``loss`` may still answer None for a combination that does not do.
        """
        best: tuple[float, Levels] | None = None
        for place in np.lexsort((self.nodes.sum(axis=1), self.floors)):
            if best is not None and self.floors[place] > best[0] - SLACK:
                break
            if self._tags[place] == 0:
                self._settle(int(place), holds)
                if on_progress is not None:
                    on_progress(int(np.count_nonzero(self._tags)), len(self.nodes))
            if self._tags[place] != _HOLDS:
                continue
            levels: Levels = tuple(self.nodes[place].tolist())
            found = loss(levels)
            if found is not None and (best is None or found < best[0] - SLACK):
                best = found, levels
        return None if best is None else Found(best[1], best[0], self.checked, len(self.nodes))

    def _settle(self, place: int, holds: Callable[[Levels], bool]) -> None:
        """Ask along a path from an undecided combination upwards, by halves, until it is decided itself."""
        path = self._path(place)
        low, high = 0, len(path)
        while low < high:
            middle = (low + high) // 2
            node = self.nodes[path[middle]]
            self.checked += 1
            if holds(tuple(node.tolist())):
                self._tags[(self.nodes >= node).all(axis=1)] = _HOLDS
                high = middle
            else:
                self._tags[(self.nodes <= node).all(axis=1)] = _FAILS
                low = middle + 1

    def _path(self, place: int) -> list[int]:
        """Undecided combinations, each above the one before, by the cheapest step."""
        path = [place]
        while True:
            node = self.nodes[path[-1]]
            above = []
            for column in np.flatnonzero(node < self._tops):
                higher = node.copy()
                higher[column] += 1
                above.append(self._place[tuple(higher.tolist())])
            undecided = [each for each in above if self._tags[each] == 0]
            if not undecided:
                return path
            path.append(min(undecided, key=lambda each: (self.floors[each], each)))
