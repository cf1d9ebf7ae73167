"""Proofs: that an entry is in the tree, and that a tree only grew.

Rules enforced here:
- proofs are made from tiles, so that whoever holds the tiles can make them without the log;
- a proof is checked against sizes and roots alone; one hash too many or too few is refused.

Standard: RFC 6962 section 2.1 (making), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (checking).
"""

from collections.abc import Sequence

from lineage.log.errors import LogRangeError, ProofInvalidError
from lineage.log.tree import EMPTY_ROOT, TreeReader, node_hash, split


def inclusion_proof(tree: TreeReader, index: int, size: int) -> list[bytes]:
    """The hashes that lead from an entry to the root of the tree of `size`, the leaf's neighbour first.

    Raises: LogRangeError: the tree of that size has no such entry, or is larger than this one.
    """
    if not 0 <= index < size <= tree.size:
        raise LogRangeError("the tree has no such entry")
    found: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            found.append(tree.root(middle, end))
            end = middle
        else:
            found.append(tree.root(start, middle))
            start = middle
    return found[::-1]


def consistency_proof(tree: TreeReader, old: int, new: int) -> list[bytes]:
    """The hashes that show that the tree of `new` entries begins with the tree of `old` ones.

    Raises: LogRangeError: the sizes are not in order, or larger than this tree.
    """
    if not 0 <= old <= new <= tree.size:
        raise LogRangeError("the log had no such sizes, in this order")
    if old in (0, new):
        return []
    found: list[bytes] = []
    start, end, is_whole = 0, new, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            found.append(tree.root(middle, end))
            end = middle
        else:
            found.append(tree.root(start, middle))
            start, is_whole = middle, False
    if not is_whole:
        found.append(tree.root(start, end))
    return found[::-1]


def check_inclusion(leaf: bytes, index: int, *, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a leaf hash stands at an index. Raises: ProofInvalidError."""
    if not 0 <= index < size:
        raise ProofInvalidError("the index lies outside the tree")
    place, last, found = index, size - 1, leaf
    for neighbour in proof:
        if last == 0:
            raise ProofInvalidError("the proof is too long")
        if place & 1 or place == last:
            found = node_hash(neighbour, found)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            found = node_hash(found, neighbour)
        place >>= 1
        last >>= 1
    if last or found != root:
        raise ProofInvalidError("the proof does not lead to the root")


def check_consistency(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> None:
    """Check that a tree (size, root) only grew out of an older one (size, root). Raises: ProofInvalidError."""
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size > new_size:
        raise ProofInvalidError("the older tree is the larger one")
    if old_size in (0, new_size):
        same = old_root == new_root if old_size == new_size else old_root == EMPTY_ROOT
        if proof or not same:
            raise ProofInvalidError("the roots of equal trees differ")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofInvalidError("the proof is empty")
    if _roots(old_size, new_size, path) != (old_root, new_root):
        raise ProofInvalidError("the proof does not lead to both roots")


def _roots(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both trees that a path leads to."""
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    first = second = path[0]
    for neighbour in path[1:]:
        if last == 0:
            raise ProofInvalidError("the proof is too long")
        if place & 1 or place == last:
            first, second = node_hash(neighbour, first), node_hash(neighbour, second)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            second = node_hash(second, neighbour)
        place >>= 1
        last >>= 1
    if last:
        raise ProofInvalidError("the proof is too short")
    return first, second
