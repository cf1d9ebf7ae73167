"""Tokens a second, one by one and by column, of each kind, beside the block cipher alone.

CPU time of one thread is measured, not the clock: other work on the machine does not count. The best of a few rounds
stands. The limits are ours: 8 million deterministic and 2 million format-preserving tokens a second of an 18-character
column on one core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

import numpy as np
import pyarrow as pa

from tests.bench.report import Table
from tests.vault.support import ring
from vault import Keep, TokenKind, TokenScope, TokenSpec, check_character
from vault.bulk import ColumnTokeniser
from vault.bulk.blocks import PIECE_ROWS, Blocks
from vault.fpe.phones_and_cards import with_luhn

SCOPE = TokenScope("bench", "anti_fraud", "bank", "field")
LIMITS = {("deterministic", "resident_id"): 8.0, ("format_preserving", "resident_id"): 2.0}
Maker = Callable[[Random], str]


def _resident_id(chance: Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(30_000))
    body = (
        f"{chance.choice((11, 32, 44, 51)):02d}{chance.randrange(10_000):04d}{born:%Y%m%d}{chance.randrange(1000):03d}"
    )
    return body + check_character(body)


VALUES: dict[str, Maker] = {
    "resident_id": _resident_id,
    "mobile": lambda chance: f"1{chance.randrange(3 * 10**9, 10**10)}",
    "bank_card": lambda chance: with_luhn(f"62{chance.randrange(10**16):016d}"),
    "passport": lambda chance: f"E{chance.randrange(10**8):08d}",
    "plate": lambda chance: f"粤B{chance.randrange(10**5):05d}",
    "digits": lambda chance: f"{chance.randrange(10**12):012d}",
    "alphanumeric": lambda chance: "".join(chance.choices("ABCDEFGH01234567", k=12)),
}


def table(*, quick: bool) -> Table:
    """Measure every kind."""
    rows = list(_rows(count=200_000 if quick else 1_000_000, rounds=3 if quick else 5))
    head = ("million a second, one core", "one by one", "by column", "at least")
    return Table("Tokens", head, [*rows, ("AES-256, the block alone", "", f"{_blocks():.0f}", "")])


def _rows(*, count: int, rounds: int) -> Iterator[tuple[str, str, str, str]]:
    for of, make in VALUES.items():
        chance = Random(5)  # noqa: S311  the same values in every run
        values = [make(chance) for _ in range(count)]
        column = pa.array(values)
        for spec in _specs(of):
            maker = ring().tokeniser(SCOPE, spec)
            some = values[:2000]
            single = _best(lambda maker=maker, some=some: [maker.token(v) for v in some], rounds) / len(some)
            keeper = ColumnTokeniser(maker)
            bulk_of = column.slice(0, 20_000) if of == "plate" else column
            bulk = _best(lambda keeper=keeper, bulk_of=bulk_of: keeper.tokenise(bulk_of), rounds) / len(bulk_of)
            kept = f", {spec.keep.value} kept" if spec.keep is not Keep.NOTHING else ""
            least = LIMITS.get((spec.kind.value, of), "") if not kept else ""
            yield f"{of}, {spec.kind.value}{kept}", f"{1e-6 / single:.3f}", f"{1e-6 / bulk:.2f}", str(least)


def _specs(of: str) -> Iterator[TokenSpec]:
    yield TokenSpec(TokenKind.DETERMINISTIC, of)
    yield TokenSpec(TokenKind.REVERSIBLE, of)
    for keep in Keep if of == "resident_id" else (Keep.NOTHING,):
        yield TokenSpec(TokenKind.FORMAT_PRESERVING, of, keep)


def _blocks() -> float:
    blocks = Blocks(bytes(32))
    blocks.given[:] = np.arange(2 * PIECE_ROWS, dtype=np.uint64).reshape(PIECE_ROWS, 2)
    return 1e-6 * 100 * PIECE_ROWS / _best(lambda: [blocks.run(PIECE_ROWS) for _ in range(100)], 5)


def _best(work: Callable[[], object], rounds: int) -> float:
    """The least CPU seconds of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.thread_time()
        work()
        best = min(best, time.thread_time() - began)
    return best
