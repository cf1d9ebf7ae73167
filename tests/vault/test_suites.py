"""Both suites: published vectors through our own functions, our formats, and values on their way between suites."""

from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SM3, Hash
from hypothesis import given
from hypothesis import strategies as st

from tests.vault.support import OTHER, SUBJECT, TENANT, fixed, key_of, ring, vectors
from tests.vault.test_sealed import spell
from vault import (
    FileRootKey,
    KeyExhaustedError,
    KeyPurpose,
    KeyRing,
    KeyVersion,
    SecretBytes,
    SubjectKey,
    Suite,
    TamperedError,
    UnknownKeyError,
    VaultError,
    marked,
)
from vault.suites import AEADS, MACS, Aead, Sm4Gcm, derive
from vault.uses import AHEAD, BLOCK, SEALS_PER_MARK, UseCount

SM = vectors("sm.json")
GCMS: list[tuple[str, Callable[[bytes], Aead]]] = [("aes_gcm", AEADS[Suite.AES]), ("sm4_gcm", Sm4Gcm)]


def wycheproof(name: str) -> list[list[Any]]:
    found: list[list[Any]] = vectors(f"../wycheproof/{name}.json")["tests"]
    assert len(found) > 10
    return found


def hexes(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def sm_ring(**versions: dict[int, bytes]) -> KeyRing:
    suites = {KeyVersion(KeyPurpose(p), v): Suite.SM for p, keys in versions.items() for v in keys}
    return ring(**versions, suites=suites)  # type: ignore[arg-type]  # the purposes of `ring`


@pytest.mark.parametrize(("name", "make"), GCMS, ids=["aes", "sm"])
def test_every_wycheproof_case_of_the_aead_comes_out_right(name: str, make: Callable[[bytes], Aead]) -> None:
    for number, *parts, result in wycheproof(name):
        key, nonce, aad, plain, body, tag = (bytes.fromhex(part) for part in parts)
        if result == "valid":
            assert make(key).encrypt(nonce, plain, aad) == body + tag, number
            assert make(key).decrypt(nonce, body + tag, aad) == plain, number
        else:
            with pytest.raises(InvalidTag):
                make(key).decrypt(nonce, body + tag, aad)


@pytest.mark.parametrize(("name", "suite"), [("hmac_sha256", Suite.AES), ("hmac_sm3", Suite.SM)])
def test_every_wycheproof_case_of_the_mac_comes_out_right(name: str, suite: Suite) -> None:
    for number, *parts, result in wycheproof(name):
        key, data, tag = (bytes.fromhex(part) for part in parts)
        assert (MACS[suite](key, data) == tag) == (result == "valid"), number


def test_every_wycheproof_case_of_the_derivation_comes_out_right() -> None:
    for number, *parts, _result in wycheproof("hkdf_sha256"):
        key, info, derived = (bytes.fromhex(part) for part in parts)
        assert derive(Suite.AES, key, info) == derived[:32], number


def test_the_vectors_of_rfc_8998_and_of_the_national_standard_come_out_right() -> None:
    key, nonce, aad, plain, sealed = hexes(SM["rfc8998"], "key", "nonce", "aad", "plain", "sealed")
    assert Sm4Gcm(key).encrypt(nonce, plain, aad) == sealed
    assert Sm4Gcm(key).decrypt(nonce, sealed, aad) == plain
    digest = Hash(SM3())
    digest.update(bytes.fromhex(SM["sm3"]["data"]))
    assert digest.finalize().hex() == SM["sm3"]["digest"]


def test_sealing_under_sm_gives_the_published_bytes() -> None:
    case = SM["sealed"]
    keys, nonce, plain, aad, sealed = hexes(case, "keys", "nonce", "plain", "aad", "sealed")
    key = SubjectKey(keys, case["tenant"], case["subject"], case["key_id"], Suite.SM)
    assert key.seal(plain, case["field"], fixed(nonce)) == sealed
    assert key.open(sealed, case["field"]) == plain
    assert aad == spell("yumen/sealed", 1, 2, 1, case["tenant"], case["subject"], case["field"])
    assert MACS[Suite.SM](keys[:32], spell("yumen/sm4-gcm/1"))[:16].hex() == case["sm4_key"]
    worker = Cipher(SM4(bytes.fromhex(case["sm4_key"])), GCM(nonce)).encryptor()
    worker.authenticate_additional_data(aad)
    body = worker.update(plain) + worker.finalize() + worker.tag
    assert bytes.fromhex("010200000001") + nonce + body == sealed


def test_keys_of_the_suite_sm_give_the_published_bytes() -> None:
    case = SM["subject_key"]
    keys, nonce, wrapped, kek = hexes(case, "keys", "nonce", "wrapped", "kek")
    keyring = sm_ring(kek={3: kek})
    assert keyring.new_subject_key(case["tenant"], case["subject"], fixed(keys, nonce))[1] == wrapped
    assert keyring.open_subject_key(case["tenant"], case["subject"], wrapped).suite is Suite.SM
    index, name, ledger = SM["blind_index"], SM["name"], SM["ledger"]
    keyring = sm_ring(index={2: bytes.fromhex(index["index_key"])}, ledger={1: bytes.fromhex(ledger["key"])})
    assert keyring.blind(index["tenant"], index["field"], index["canonical"]).hex() == index["digest"]
    assert keyring.mac(bytes.fromhex(ledger["data"])).hex() == ledger["mac"]
    info = spell("yumen/names/1", 2, name["version"], name["tenant"], name["use"])
    derived = derive(Suite.SM, bytes.fromhex(name["names_key"]), info)
    assert MACS[Suite.SM](derived, name["text"].encode()).hex() == name["name"]


def test_a_root_key_file_of_the_suite_sm_gives_the_published_bytes(tmp_path: Any) -> None:
    case = SM["root"]
    context, nonce, key, wrapped = hexes(case, "context", "nonce", "key", "wrapped")
    root = FileRootKey(tmp_path, [SecretBytes(bytes.fromhex(case["root"]))], fixed(nonce), Suite.SM)
    assert root.wrap(SecretBytes(key), context) == wrapped
    assert root.unwrap(wrapped, context) == SecretBytes(key)


@given(plain=st.binary(max_size=100), field=st.text("abc/", max_size=10))
def test_values_of_either_suite_open_under_the_same_key_and_nothing_else_does(plain: bytes, field: str) -> None:
    keys = key_of(7) + key_of(40)
    aes, sm = (SubjectKey(keys, TENANT, SUBJECT, 1, suite) for suite in Suite)
    for one, other in ((aes, sm), (sm, aes)):
        sealed = one.seal(plain, field)
        assert other.open(sealed, field) == plain
        with pytest.raises(TamperedError):
            other.open(sealed, field + "x")
        with pytest.raises(TamperedError):
            SubjectKey(keys, TENANT, OTHER, 1, other.suite).open(sealed, field)
        with pytest.raises(TamperedError):
            other.open(bytes((1, 3 - sealed[1])) + sealed[2:], field)


@given(position=st.integers(min_value=0), bit=st.integers(0, 7), cut=st.integers(0, 40))
def test_any_flipped_bit_or_cut_of_a_value_under_sm_is_refused(position: int, bit: int, cut: int) -> None:
    key = SubjectKey(key_of(7) + key_of(40), TENANT, SUBJECT, 1, Suite.SM)
    sealed = key.seal(b"plain", "mobile_no")
    altered = bytearray(sealed)
    altered[position % len(sealed)] ^= 1 << bit
    for blob in (bytes(altered), sealed[: cut % len(sealed)], sealed + b"x"):
        with pytest.raises(VaultError):
            key.open(blob, "mobile_no")


def test_sm_seals_an_empty_value_and_a_mebibyte() -> None:
    key = SubjectKey(key_of(7) + key_of(40), TENANT, SUBJECT, 1, Suite.SM)
    for size in (0, 1, 15, 16, 17, 1 << 20):
        assert key.open(key.seal(bytes(size), "income"), "income") == bytes(size)


def test_subject_keys_move_from_suite_to_suite_unchanged() -> None:
    old = ring()
    suites = {KeyVersion(KeyPurpose.KEK, 2): Suite.SM}
    both = ring(kek={1: key_of(64), 2: key_of(1)}, suites=suites)
    key, wrapped = old.new_subject_key(TENANT, SUBJECT)
    sealed = key.seal(b"plain", "mobile_no")
    moved = both.open_subject_key(TENANT, SUBJECT, both.rewrap_subject_key(TENANT, SUBJECT, wrapped))
    assert (moved.suite, both.suite) == (Suite.SM, Suite.SM)
    assert moved.open(sealed, "mobile_no") == b"plain"
    assert moved.seal(b"plain", "mobile_no")[:2] == b"\x01\x02"
    assert moved.pseudonym() == key.pseudonym()
    assert moved.commit(b"payload") == key.commit(b"payload")
    with pytest.raises(UnknownKeyError):
        both.open_subject_key(TENANT, SUBJECT, wrapped[:1] + b"\x02" + wrapped[2:])


def test_the_same_key_in_both_suites_makes_unrelated_ciphers() -> None:
    data = bytes(64)
    streams = {bytes(AEADS[suite](key_of(9)).encrypt(bytes(12), data, b""))[:64] for suite in Suite}
    raw = AESGCM(key_of(9)[:16]).encrypt(bytes(12), data, b"")[:64]
    assert len({*streams, raw, Sm4Gcm(key_of(9)[:16]).encrypt(bytes(12), data, b"")[:64]}) == 4


def test_a_million_nonces_of_forked_workers_are_all_different() -> None:
    """F24: five processes that share one key from before the fork."""
    key = SubjectKey(key_of(7) + key_of(40), TENANT, SUBJECT, 1)
    forks = get_context("fork")
    pipes = []
    for _ in range(4):
        receive, send = forks.Pipe(duplex=False)
        child = forks.Process(target=lambda out=send: out.send_bytes(nonces(key, 200_000)))
        child.start()
        pipes.append((child, receive))
    drawn = nonces(key, 200_000)
    for child, receive in pipes:
        drawn += receive.recv_bytes()
        child.join()
    assert len({drawn[i : i + 12] for i in range(0, len(drawn), 12)}) == 1_000_000


def nonces(key: SubjectKey, count: int) -> bytes:
    return b"".join(key.seal(b"", "mobile_no")[6:18] for _ in range(count))


def test_uses_are_set_aside_in_blocks_and_refused_when_nobody_notes_them() -> None:
    count = UseCount()
    assert count.due == 0
    count.take()
    assert count.due == BLOCK
    count.noted += count.due
    for _ in range(BLOCK + AHEAD - 1):
        count.take()
    assert count.due == AHEAD
    with pytest.raises(KeyExhaustedError):
        count.take()


def test_a_sealing_is_noted_by_its_own_nonce_and_about_one_in_65536_is() -> None:
    head = bytes(6)
    blobs = [("one", head + n.to_bytes(4, "big") * 3) for n in range(3 * SEALS_PER_MARK)]
    assert marked(blobs) == {"one": 3}
    assert marked([("one", head + bytes(10) + b"\x00\x01")]) == {}
