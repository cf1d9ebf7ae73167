"""Subject keys under key-encryption keys, pseudonyms, commitments, ledger MACs."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.vault.support import OTHER, SUBJECT, TENANT, fixed, key_of, ring, vectors
from tests.vault.test_sealed import spell
from vault import (
    KeyMissingError,
    KeyPurpose,
    KeyRing,
    SecretBytes,
    TamperedError,
    TruncatedError,
    UnknownKeyError,
    UnknownSuiteError,
    UnknownVersionError,
)

CASE = vectors("keys.json")["subject"]
LEDGER = vectors("keys.json")["ledger"]
WRAPPED = bytes.fromhex(CASE["wrapped"])


def test_wrapping_gives_the_published_bytes() -> None:
    source = fixed(bytes.fromhex(CASE["keys"]), bytes.fromhex(CASE["nonce"]))
    key, wrapped = ring().new_subject_key(CASE["tenant"], CASE["subject"], source)
    assert wrapped == WRAPPED
    assert key.pseudonym() == CASE["pseudonym"]
    assert key.commit(bytes.fromhex(CASE["payload"])).hex() == CASE["commitment"]


def test_the_published_bytes_are_what_the_document_says() -> None:
    nonce = bytes.fromhex(CASE["nonce"])
    aad = spell("yumen/subject-key", 1, 1, 1, 1, CASE["tenant"], CASE["subject"])
    body = AESGCM(bytes.fromhex(CASE["kek"])).encrypt(nonce, bytes.fromhex(CASE["keys"]), aad)
    assert aad.hex() == CASE["aad"]
    assert bytes.fromhex("0101" + "00000001" + "00000001") + nonce + body == WRAPPED
    commitment = hmac.digest(
        bytes.fromhex(CASE["keys"])[32:],
        spell("yumen/commitment/1", bytes.fromhex(CASE["payload"]).decode()),
        "sha256",
    )
    assert commitment.hex() == CASE["commitment"]


def test_a_wrapped_key_opens_what_the_key_sealed() -> None:
    key, wrapped = ring().new_subject_key(TENANT, SUBJECT)
    again = ring().open_subject_key(TENANT, SUBJECT, wrapped)
    assert again.open(key.seal(b"plain", "mobile_no"), "mobile_no") == b"plain"
    assert again.pseudonym() == key.pseudonym()


@pytest.mark.parametrize(("tenant", "subject"), [(TENANT, OTHER), ("dusk_group", SUBJECT)])
def test_wrapped_keys_moved_to_another_subject_do_not_open(tenant: str, subject: str) -> None:
    with pytest.raises(TamperedError):
        ring().open_subject_key(tenant, subject, WRAPPED)


@pytest.mark.parametrize("position", range(10, len(WRAPPED), 7))
def test_altered_wrapped_keys_do_not_open(position: int) -> None:
    altered = bytearray(WRAPPED)
    altered[position] ^= 1
    with pytest.raises(TamperedError):
        ring().open_subject_key(TENANT, SUBJECT, bytes(altered))


def test_a_wrapped_key_that_claims_another_key_id_does_not_open() -> None:
    with pytest.raises(TamperedError):
        ring().open_subject_key(TENANT, SUBJECT, WRAPPED[:9] + b"\x02" + WRAPPED[10:])


def test_malformed_wrapped_keys_are_refused_by_what_is_wrong() -> None:
    for wrapped, error in [
        (b"", TruncatedError),
        (WRAPPED[:-1], TruncatedError),
        (WRAPPED + b"\x00", TruncatedError),
        (b"\x02" + WRAPPED[1:], UnknownVersionError),
        (WRAPPED[:1] + b"\x02" + WRAPPED[2:], UnknownKeyError),  # version 1 belongs to the other suite
        (WRAPPED[:1] + b"\x03" + WRAPPED[2:], UnknownSuiteError),
        (WRAPPED[:5] + b"\x07" + WRAPPED[6:], UnknownKeyError),
    ]:
        with pytest.raises(error):
            ring().open_subject_key(TENANT, SUBJECT, wrapped)


def test_the_newest_version_wraps_and_the_older_ones_still_open() -> None:
    old = ring()
    both = ring(kek={1: key_of(64), 2: key_of(1)})
    _, wrapped = old.new_subject_key(TENANT, SUBJECT)
    _, rewrapped = both.new_subject_key(TENANT, SUBJECT)
    assert both.open_subject_key(TENANT, SUBJECT, wrapped).key_id == 1
    assert both.key_version == 2
    with pytest.raises(UnknownKeyError) as refusal:
        old.open_subject_key(TENANT, SUBJECT, rewrapped)
    assert refusal.value.key_id == 2


def test_a_retired_version_does_not_open() -> None:
    _, wrapped = ring().new_subject_key(TENANT, SUBJECT)
    with pytest.raises(UnknownKeyError):
        ring(kek={2: key_of(1)}).open_subject_key(TENANT, SUBJECT, wrapped)


@pytest.mark.parametrize("missing", [purpose for purpose in KeyPurpose if purpose.is_original])
def test_a_ring_without_one_of_its_keys_is_refused(missing: KeyPurpose) -> None:
    keys = {purpose: {1: SecretBytes(key_of(1))} for purpose in KeyPurpose if purpose is not missing}
    with pytest.raises(KeyMissingError):
        KeyRing(keys)


def test_a_ring_made_before_certificates_were_signed_opens_and_says_so_when_asked_to_sign() -> None:
    old = KeyRing({purpose: {1: SecretBytes(key_of(1))} for purpose in KeyPurpose if purpose.is_original})
    assert old.certificate_keys == {}
    with pytest.raises(KeyMissingError):
        _ = old.certificate_key


def test_pseudonyms_differ_by_subject_and_tell_nothing_without_the_key() -> None:
    names = {ring().new_subject_key(TENANT, SUBJECT)[0].pseudonym() for _ in range(50)}
    assert len(names) == 50
    assert all(len(name) == 29 and name.startswith("ps_") for name in names)


def test_commitments_differ_by_subject_and_payload() -> None:
    one, _ = ring().new_subject_key(TENANT, SUBJECT)
    two, _ = ring().new_subject_key(TENANT, OTHER)
    assert len({one.commit(b"a"), one.commit(b"b"), two.commit(b"a"), two.commit(b"b")}) == 4
    assert one.commit(b"a") == one.commit(b"a")


def test_the_ledger_mac_is_the_published_one_and_survives_rotation() -> None:
    data, mac = bytes.fromhex(LEDGER["data"]), bytes.fromhex(LEDGER["mac"])
    rotated = ring(ledger={1: key_of(128), 2: key_of(5)})
    assert ring().mac(data) == mac == hmac.digest(bytes.fromhex(LEDGER["key"]), data, "sha256")
    assert rotated.mac(data) != mac
    rotated.check_mac(data, mac)
    rotated.check_mac(data, rotated.mac(data))
    for wrong_data, wrong_mac in [(data + b" ", mac), (data, mac[:-1]), (data, bytes(32)), (data, b"")]:
        with pytest.raises(TamperedError):
            rotated.check_mac(wrong_data, wrong_mac)
