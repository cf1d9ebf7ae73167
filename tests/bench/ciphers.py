"""Sealing and opening values, beside the bare library calls they are made of, in turns within one run.

The bare call encrypts the same bytes under one key with a nonce drawn the same way and associated data ready made; what
the vault adds is the header, the binding to tenant, subject and field, and the checks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from statistics import median
from time import perf_counter

from tests.bench.report import Table
from vault import KeyPurpose, KeyRing, KeyVersion, SecretBytes, Suite
from vault.suites import AEADS

TENANT, FIELD = "bench", "behaviour/0123456789ab"
SIZES_B = (32, 256, 4096)
BATCH = 1000
ROUNDS = 30
Work = Callable[[], object]


def table(*, quick: bool = False) -> Table:
    """Measure both suites: one value at a time, and a batch of a thousand subjects with one value each."""
    rounds = ROUNDS // 3 if quick else ROUNDS
    rows: list[tuple[object, ...]] = []
    for suite in Suite:
        ring = _ring(suite)
        for size_b in SIZES_B:
            rows += _single(ring, suite, size_b, rounds)
        rows.append(_batch(ring, suite, rounds))
    head = ("suite", "what", "bytes", "vault us", "bare library us", "vault / bare")
    return Table("Sealing and opening, per value, median", head, rows)


def _ring(suite: Suite) -> KeyRing:
    keys = {purpose: {1: SecretBytes(os.urandom(32))} for purpose in KeyPurpose}
    return KeyRing(keys, {KeyVersion(purpose, 1): suite for purpose in KeyPurpose})


def _single(ring: KeyRing, suite: Suite, size_b: int, rounds: int) -> list[tuple[object, ...]]:
    key, _ = ring.new_subject_key(TENANT, "sub_" + "a" * 26)
    plain, bound = os.urandom(size_b), os.urandom(120)
    aead = AEADS[suite](os.urandom(32))
    sealed, nonce = key.seal(plain, FIELD), os.urandom(12)
    body = aead.encrypt(nonce, plain, bound)
    seal = _turns(lambda: key.seal(plain, FIELD), lambda: aead.encrypt(os.urandom(12), plain, bound), rounds)
    opened = _turns(lambda: key.open(sealed, FIELD), lambda: aead.decrypt(nonce, body, bound), rounds)
    return [_row(suite, "seal", size_b, seal), _row(suite, "open", size_b, opened)]


def _batch(ring: KeyRing, suite: Suite, rounds: int) -> tuple[object, ...]:
    """A read of a thousand subjects: unwrap each subject's key and open one value; bare: the two decryptions."""
    subjects = [f"sub_{number:026}" for number in range(BATCH)]
    made = [ring.new_subject_key(TENANT, subject) for subject in subjects]
    ring.uses.noted = ring.uses.made
    stored = [(key.subject, wrapped, key.seal(bytes(256), FIELD)) for key, wrapped in made]
    kek, nonce, bound = AEADS[suite](os.urandom(32)), os.urandom(12), os.urandom(120)
    bare = []
    for _ in subjects:
        data_key = os.urandom(32)
        bare.append((kek.encrypt(nonce, data_key, bound), AEADS[suite](data_key).encrypt(nonce, bytes(256), bound)))

    def ours() -> None:
        for subject, wrapped, sealed in stored:
            ring.open_subject_key(TENANT, subject, wrapped).open(sealed, FIELD)

    def theirs() -> None:
        for wrapped, sealed in bare:
            AEADS[suite](kek.decrypt(nonce, wrapped, bound)).decrypt(nonce, sealed, bound)

    taken = _turns(ours, theirs, rounds, repeat=1)
    return _row(suite, "unwrap and open, batch of 1000", 256, (taken[0] / BATCH, taken[1] / BATCH))


def _turns(one: Work, other: Work, rounds: int, repeat: int = 2000) -> tuple[float, float]:
    """Medians of both in microseconds a call, taken in turns so that a busy machine troubles both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, times in zip((one, other), taken, strict=True):
            began = perf_counter()
            for _ in range(repeat):
                work()
            times.append((perf_counter() - began) / repeat * 1e6)
    return median(taken[0]), median(taken[1])


def _row(suite: Suite, what: str, size_b: int, taken: tuple[float, float]) -> tuple[object, ...]:
    return suite.label, what, size_b, f"{taken[0]:.2f}", f"{taken[1]:.2f}", f"{taken[0] / taken[1]:.2f}"
