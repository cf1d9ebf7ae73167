"""Reversible tokens: AES-SIV as published, bound to their scope and header, refused by type when they are not right."""

import base64
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vault.support import TENANT, key_of, ring, vectors
from vault import (
    KeyPurpose,
    KeyRing,
    KeyVersion,
    NotTokenisableError,
    Suite,
    TamperedError,
    TokenKind,
    TokenScope,
    TokenSpec,
    TokenSpecError,
    TokenSuiteError,
    TruncatedError,
    UnknownKeyError,
    UnknownSuiteError,
    UnknownVersionError,
    VaultError,
)
from vault.bulk.siv import ColumnSiv
from vault.header import header
from vault.siv import LEAST_BYTES, REVERSIBLE_PREFIX, ReversibleCipher, siv_open, siv_seal

SCOPE = TokenScope(TENANT, "anti_fraud", "dawn_bank", "id_card_no")
SPEC = TokenSpec(TokenKind.REVERSIBLE, "resident_id")
MAC = TokenSpec(TokenKind.DETERMINISTIC, "resident_id")
FPE = TokenSpec(TokenKind.FORMAT_PRESERVING, "resident_id")
ID = "11010519491231002X"
SM_2 = {KeyVersion(KeyPurpose.TOKEN, 2): Suite.SM}


def bytes_of(token: str) -> bytes:
    body = token.removeprefix(REVERSIBLE_PREFIX).upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))


def written(blob: bytes) -> str:
    return REVERSIBLE_PREFIX + base64.b32encode(blob).decode().rstrip("=").lower()


def to_sm() -> KeyRing:
    """A ring that went from a token key of the suite `aes` to one of `sm`."""
    return ring(token={1: key_of(160), 2: key_of(161)}, suites=SM_2)


@pytest.mark.parametrize("case", vectors("tokens.json")["rfc_5297"], ids=lambda case: case["section"])
def test_the_vectors_of_rfc_5297_come_out_right_both_ways(case: dict[str, Any]) -> None:
    key, data, sealed = (bytes.fromhex(case[part]) for part in ("key", "data", "sealed"))
    associated = [bytes.fromhex(part) for part in case["associated"]]
    assert siv_seal(key, associated, data) == sealed
    assert siv_open(key, associated, sealed) == data


def test_every_wycheproof_case_comes_out_right() -> None:
    for number, *parts, result in vectors("../wycheproof/aes_siv_cmac.json")["tests"]:
        key, aad, plain, sealed = (bytes.fromhex(part) for part in parts)
        if result == "valid":
            assert siv_seal(key, [aad], plain) == sealed, number
            assert siv_open(key, [aad], sealed) == plain, number
        else:
            with pytest.raises(TamperedError):
                siv_open(key, [aad], sealed)


def test_what_is_shorter_than_a_tag_is_truncated() -> None:
    with pytest.raises(TruncatedError):
        siv_open(bytes(64), [b""], bytes(15))


OPENED = [case for case in vectors("tokens.json")["computed"] if case["kind"] == "reversible"]


@pytest.mark.parametrize("case", OPENED, ids=lambda case: case["token"])
def test_the_published_tokens_open_to_their_values(case: dict[str, Any]) -> None:
    keys = ring(token={case["version"]: bytes.fromhex(case["token_key"])})
    tokeniser = keys.tokeniser(TokenScope(**case["scope"]), TokenSpec(TokenKind.REVERSIBLE, case["of"]))
    assert tokeniser.token(tokeniser.reveal(case["token"])) == case["token"]


@given(st.text(min_size=1, max_size=100).filter(lambda text: text.isprintable()))
def test_any_text_comes_back_and_has_one_token(text: str) -> None:
    tokeniser = ring().tokeniser(SCOPE, SPEC)
    token = tokeniser.token_of_canonical(text)
    assert tokeniser.reveal(token) == text
    assert tokeniser.token_of_canonical(text) == token
    assert text not in token or len(text) < 4


def test_a_token_does_not_open_in_another_scope() -> None:
    keys = ring()
    token = keys.tokeniser(SCOPE, SPEC).token(ID)
    for other in (
        replace(SCOPE, tenant="dusk_group"),
        replace(SCOPE, purpose="credit_limit"),
        replace(SCOPE, recipient="dusk_bank"),
        replace(SCOPE, field="guarantor_id_card_no"),
    ):
        with pytest.raises(TamperedError):
            keys.tokeniser(other, SPEC).reveal(token)
        assert keys.tokens.values(other, SPEC, token) == ()
    with pytest.raises(TamperedError):
        keys.tokeniser(SCOPE, replace(SPEC, of="passport")).reveal(token)


def test_the_scope_is_bound_even_where_two_scopes_had_one_key() -> None:
    """Associated data beside key derivation: a slip in one of them gives nobody's token away."""
    one = ReversibleCipher(bytes(range(64)), 1, "resident_id", b"one scope")
    other = ReversibleCipher(bytes(range(64)), 1, "resident_id", b"another scope")
    with pytest.raises(TamperedError):
        other.reveal(one.tokenise(ID))


def test_any_changed_byte_refuses_a_token_by_type() -> None:
    tokeniser = ring().tokeniser(SCOPE, SPEC)
    blob = bytes_of(tokeniser.token(ID))
    expected: dict[int, type[VaultError]] = {0: UnknownVersionError, 1: UnknownSuiteError}
    expected |= dict.fromkeys(range(2, 6), UnknownKeyError)
    for place in range(len(blob)):
        changed = blob[:place] + bytes([blob[place] ^ 0x40]) + blob[place + 1 :]
        with pytest.raises(expected.get(place, TamperedError)):
            tokeniser.reveal(written(changed))


def test_a_token_under_another_header_does_not_open() -> None:
    keys = ring(token={1: key_of(160), 2: key_of(161)})
    blob = bytes_of(keys.tokeniser(SCOPE, SPEC, 1).token(ID))
    moved = written(header(2) + blob[6:])
    with pytest.raises(TamperedError):
        keys.tokeniser(SCOPE, SPEC, 2).reveal(moved)
    with pytest.raises(UnknownSuiteError):
        keys.tokeniser(SCOPE, SPEC, 1).reveal(written(header(1, Suite.SM) + blob[6:]))
    assert keys.tokens.values(SCOPE, SPEC, moved) == ()


def test_a_token_cut_short_is_refused_at_every_length() -> None:
    tokeniser = ring().tokeniser(SCOPE, SPEC)
    blob = bytes_of(tokeniser.token(ID))
    for size in range(1, len(blob)):
        with pytest.raises(TruncatedError if size < LEAST_BYTES else TamperedError):
            tokeniser.reveal(written(blob[:size]))
    token = written(blob)
    for size in range(len(token)):
        with pytest.raises((NotTokenisableError, TruncatedError, TamperedError)):
            tokeniser.reveal(token[:size])


@pytest.mark.parametrize("text", ["", "rtk_", "tok_" + "a" * 26, ID, "rtk_1", "rtk_a", "rtk_é", "rtk_AEAQ", "rtk_ab\n"])
def test_what_is_no_token_is_named_so(text: str) -> None:
    with pytest.raises(NotTokenisableError) as refusal:
        ring().tokeniser(SCOPE, SPEC).reveal(text)
    assert refusal.value.fault == "not_a_token"
    assert not text or text not in str(refusal.value)


def test_a_token_has_one_writing() -> None:
    """Bits that base32 leaves over at the end are zero, so that tokens can be compared as text."""
    tokeniser = ring().tokeniser(SCOPE, TokenSpec(TokenKind.REVERSIBLE, "mobile"))
    token = tokeniser.token("13800138000")
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    for other in alphabet.replace(token[-1], ""):
        with pytest.raises((NotTokenisableError, TamperedError)):
            tokeniser.reveal(token[:-1] + other)


def test_older_versions_open_and_newer_ones_write() -> None:
    keys = ring(token={1: key_of(160), 2: key_of(161)})
    old, new = (keys.tokeniser(SCOPE, SPEC, version).token(ID) for version in (1, 2))
    assert old != new
    assert keys.tokeniser(SCOPE, SPEC).token(ID) == new
    assert keys.tokens.values(SCOPE, SPEC, old) == keys.tokens.values(SCOPE, SPEC, new) == (ID,)
    gone = ring(token={2: key_of(161)})
    assert gone.tokens.values(SCOPE, SPEC, old) == ()
    with pytest.raises(UnknownKeyError):
        gone.tokeniser(SCOPE, SPEC).reveal(old)


def test_the_suite_sm_refuses_the_kind_and_older_tokens_still_open() -> None:
    before, keys = ring(), to_sm()
    token = before.tokeniser(SCOPE, SPEC).token(ID)
    with pytest.raises(TokenSuiteError) as refusal:
        keys.tokeniser(SCOPE, SPEC)
    assert (refusal.value.kind, refusal.value.suite) == ("reversible", "sm")
    with pytest.raises(TokenSuiteError):
        keys.tokens.check_kind(TokenKind.REVERSIBLE)
    for kind in (TokenKind.RANDOM, TokenKind.DETERMINISTIC, TokenKind.FORMAT_PRESERVING):
        keys.tokens.check_kind(kind)
    assert keys.tokens.values(SCOPE, SPEC, token) == (ID,)


def test_a_change_of_suite_keeps_the_tokens_of_the_older_version() -> None:
    before, keys = ring(), to_sm()
    for spec in (MAC, FPE):
        old, new = before.tokeniser(SCOPE, spec).token(ID), keys.tokeniser(SCOPE, spec).token(ID)
        assert old != new
        assert keys.tokeniser(SCOPE, spec, 1).token(ID) == old
    old, new = before.tokeniser(SCOPE, FPE).token(ID), keys.tokeniser(SCOPE, FPE).token(ID)
    assert ID in keys.tokens.values(SCOPE, FPE, old)
    assert keys.tokens.values(SCOPE, FPE, new)[0] == ID


def test_one_key_in_two_suites_gives_unrelated_tokens() -> None:
    aes = ring()
    sm = ring(suites={KeyVersion(KeyPurpose.TOKEN, 1): Suite.SM})
    for spec in (MAC, FPE):
        assert aes.tokeniser(SCOPE, spec).key != sm.tokeniser(SCOPE, spec).key
        assert aes.tokeniser(SCOPE, spec).token(ID) != sm.tokeniser(SCOPE, spec).token(ID)


def test_one_way_tokens_stand_for_nothing() -> None:
    with pytest.raises(TokenSpecError):
        ring().tokens.values(SCOPE, MAC, "dtk_" + "a" * 26)


@pytest.mark.parametrize("width", [1, 15, 16, 17, 18, 31, 32, 33, 48, 61])
def test_rows_worked_on_together_get_the_tokens_they_get_alone(width: int) -> None:
    chance = Random(width)  # noqa: S311  the same rows in every run
    key, scope = chance.randbytes(64), b"a scope"
    alone = ReversibleCipher(key, 3, "alphanumeric", scope)
    values = ["".join(chance.choices("abcXYZ0189", k=width)) for _ in range(200)]
    rows = np.frombuffer("".join(values).encode(), np.uint8).reshape(-1, width)
    made = ColumnSiv(key, alone.associated).tokens(rows)
    assert [bytes(row).decode() for row in made] == [alone.tokenise(value) for value in values]
