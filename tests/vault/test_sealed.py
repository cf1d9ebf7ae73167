"""The sealed format: vectors, and what never opens."""

import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tests.vault.support import OTHER, SUBJECT, TENANT, fixed, ring, vectors
from vault import EntropyError, SubjectKey, TamperedError, TooLargeError, VaultError
from vault.header import NONCE_BYTES

SEALED = vectors("sealed.json")
REFUSED = SEALED["refused"]


def key_of(case: dict[str, Any]) -> SubjectKey:
    return SubjectKey(bytes.fromhex(case["keys"]), case["tenant"], case["subject"], case["key_id"])


def spell(*parts: str | int) -> bytes:
    """The binding as the format document words it, written a second time."""
    out = bytearray()
    for part in parts:
        content = part.to_bytes(4, "big") if isinstance(part, int) else part.encode()
        out += len(content).to_bytes(4, "big") + content
    return bytes(out)


@pytest.mark.parametrize("case", SEALED["sealed"], ids=lambda case: case["name"])
def test_sealing_gives_the_published_bytes(case: dict[str, Any]) -> None:
    sealed = key_of(case).seal(bytes.fromhex(case["plain"]), case["field"], fixed(bytes.fromhex(case["nonce"])))
    assert sealed.hex() == case["sealed"]
    assert key_of(case).open(sealed, case["field"]).hex() == case["plain"]


@pytest.mark.parametrize("case", SEALED["sealed"], ids=lambda case: case["name"])
def test_the_published_bytes_are_what_the_document_says(case: dict[str, Any]) -> None:
    nonce, key_id = bytes.fromhex(case["nonce"]), case["key_id"]
    aad = spell("yumen/sealed", 1, 1, key_id, case["tenant"], case["subject"], case["field"])
    body = AESGCM(bytes.fromhex(case["keys"])[:32]).encrypt(nonce, bytes.fromhex(case["plain"]), aad)
    assert aad.hex() == case["aad"]
    assert (b"\x01\x01" + key_id.to_bytes(4, "big") + nonce + body).hex() == case["sealed"]


@pytest.mark.parametrize("case", REFUSED["cases"], ids=lambda case: case["name"])
def test_malformed_bytes_are_refused_with_their_code(case: dict[str, Any]) -> None:
    with pytest.raises(VaultError) as refusal:
        key_of(REFUSED).open(bytes.fromhex(case["sealed"]), REFUSED["field"])
    assert refusal.value.code == case["code"]


@given(plain=st.binary(max_size=300), field=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_what_is_sealed_opens(plain: bytes, field: str) -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    assert key.open(key.seal(plain, field), field) == plain


def test_an_empty_value_and_a_mebibyte_are_sealed_and_more_is_refused() -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    for size in (0, 1 << 20):
        assert key.open(key.seal(bytes(size), "income"), "income") == bytes(size)
    with pytest.raises(TooLargeError):
        key.seal(bytes((1 << 20) + 1), "income")


@given(plain=st.binary(max_size=40), position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(plain: bytes, position: int, bit: int) -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    altered = bytearray(key.seal(plain, "mobile_no"))
    altered[position % len(altered)] ^= 1 << bit
    with pytest.raises(VaultError):
        key.open(bytes(altered), "mobile_no")


@given(plain=st.binary(max_size=40), size=st.integers(min_value=0))
def test_any_cut_is_refused(plain: bytes, size: int) -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    sealed = key.seal(plain, "mobile_no")
    with pytest.raises(VaultError):
        key.open(sealed[: size % len(sealed)], "mobile_no")


def test_a_value_opens_for_its_own_place_only() -> None:
    """One pair of keys under other names stands for ciphertext moved to another row."""
    keys = os.urandom(64)
    sealed = SubjectKey(keys, TENANT, SUBJECT, 1).seal(b"plain", "mobile_no")
    others = [
        (SubjectKey(keys, TENANT, OTHER, 1), "mobile_no"),
        (SubjectKey(keys, "dusk_group", SUBJECT, 1), "mobile_no"),
        (SubjectKey(keys, TENANT, SUBJECT, 1), "email"),
        (SubjectKey(os.urandom(64), TENANT, SUBJECT, 1), "mobile_no"),
    ]
    for key, field in others:
        with pytest.raises(TamperedError, match=r"^does not open$") as refusal:
            key.open(sealed, field)
        assert refusal.value.__cause__ is None
        assert vars(refusal.value) == {}


@given(left=st.tuples(st.text("ab", max_size=3), st.text("ab", max_size=3), st.text("ab", max_size=3)), at=st.data())
def test_places_that_join_to_the_same_text_are_different_places(left: tuple[str, str, str], at: st.DataObject) -> None:
    joined = "".join(left)
    first = at.draw(st.integers(0, len(joined)))
    second = at.draw(st.integers(first, len(joined)))
    right = (joined[:first], joined[first:second], joined[second:])
    keys = bytes(64)
    sealed = SubjectKey(keys, left[0], left[1], 1).seal(b"plain", left[2])
    opener = SubjectKey(keys, right[0], right[1], 1)
    if left == right:
        assert opener.open(sealed, right[2]) == b"plain"
    else:
        with pytest.raises(TamperedError):
            opener.open(sealed, right[2])


def test_the_same_value_is_never_sealed_to_the_same_bytes() -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    assert key.seal(b"plain", "mobile_no") != key.seal(b"plain", "mobile_no")


def test_a_source_that_gives_too_little_is_refused() -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    with pytest.raises(EntropyError):
        key.seal(b"plain", "mobile_no", fixed(bytes(NONCE_BYTES - 1)))


def test_a_thread_pool_opens_with_one_key() -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    sealed = [key.seal(b"%d" % i, "mobile_no") for i in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda blob: key.open(blob, "mobile_no"), sealed))
    assert opened == [b"%d" % i for i in range(2000)]


def test_nonces_never_repeat_even_in_forked_processes() -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    forks = get_context("fork")
    pipes = []
    for _ in range(4):
        receive, send = forks.Pipe(duplex=False)
        child = forks.Process(target=lambda out=send: out.send_bytes(nonces(key, 20_000)))
        child.start()
        pipes.append((child, receive))
    drawn = nonces(key, 20_000)
    for child, receive in pipes:
        drawn += receive.recv_bytes()
        child.join()
    every = {drawn[i : i + NONCE_BYTES] for i in range(0, len(drawn), NONCE_BYTES)}
    assert len(every) == 100_000


def nonces(key: SubjectKey, count: int) -> bytes:
    return b"".join(key.seal(b"", "mobile_no")[6:18] for _ in range(count))
