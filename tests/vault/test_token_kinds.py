"""Computed tokens: scoped by tenant, purpose, recipient, field and version; nothing in common between scopes."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from tests.vault.support import TENANT, key_of, ring, vectors
from vault import (
    FpeKind,
    IdentifierKind,
    Keep,
    KeyPurpose,
    KeyVersion,
    NotAnIdentifierError,
    NotTokenisableError,
    Suite,
    TokenKind,
    TokenScope,
    TokenSpec,
    TokenSpecError,
    UnknownKeyError,
    check_character,
)
from vault.encoding import is_opaque_name

SCOPE = TokenScope(TENANT, "anti_fraud", "dawn_bank", "id_card_no")
OTHERS = [
    replace(SCOPE, tenant="dusk_group"),
    replace(SCOPE, purpose="credit_limit"),
    replace(SCOPE, recipient="dusk_bank"),
    replace(SCOPE, field="guarantor_id_card_no"),
]
ID = "11010519491231002X"
DETERMINISTIC = TokenSpec(TokenKind.DETERMINISTIC, IdentifierKind.RESIDENT_ID)
FPE = TokenSpec(TokenKind.FORMAT_PRESERVING, FpeKind.RESIDENT_ID)
REVERSIBLE = TokenSpec(TokenKind.REVERSIBLE, IdentifierKind.RESIDENT_ID)


@pytest.mark.parametrize("case", vectors("tokens.json")["computed"], ids=lambda case: case["token"])
def test_computed_tokens_are_the_published_ones(case: dict[str, Any]) -> None:
    place = KeyVersion(KeyPurpose.TOKEN, case["version"])
    suites = {place: Suite[case.get("suite", "aes").upper()]}
    keys = ring(token={case["version"]: bytes.fromhex(case["token_key"])}, suites=suites)
    spec = TokenSpec(TokenKind(case["kind"]), case["of"], Keep(case["keep"]))
    tokeniser = keys.tokeniser(TokenScope(**case["scope"]), spec)
    assert tokeniser.key.hex() == case["key"]
    assert tokeniser.token(case["value"]) == case["token"]


@pytest.mark.parametrize("spec", [DETERMINISTIC, FPE, REVERSIBLE], ids=lambda spec: spec.kind)
def test_all_writings_of_an_identifier_give_one_token(spec: TokenSpec) -> None:
    tokeniser = ring().tokeniser(SCOPE, spec)
    writings = [ID, ID.lower(), " 110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ", "110105491231002"]
    assert len({tokeniser.token(text) for text in writings}) == 1


@pytest.mark.parametrize("spec", [DETERMINISTIC, FPE, REVERSIBLE], ids=lambda spec: spec.kind)
@pytest.mark.parametrize("other", OTHERS, ids=["tenant", "purpose", "recipient", "field"])
def test_another_scope_gives_another_token(spec: TokenSpec, other: TokenScope) -> None:
    keys = ring()
    assert keys.tokeniser(SCOPE, spec).token(ID) != keys.tokeniser(other, spec).token(ID)


def test_another_version_gives_another_token_and_an_unknown_one_is_refused() -> None:
    keys = ring(token={1: key_of(1), 2: key_of(2)})
    assert keys.tokens.versions == (2, 1)
    newest = keys.tokeniser(SCOPE, FPE)
    assert newest is keys.tokeniser(SCOPE, FPE, 2)
    old = keys.tokeniser(SCOPE, FPE, 1)
    assert old.token(ID) != newest.token(ID)
    assert old.reveal(old.token(ID)) == ID
    with pytest.raises(UnknownKeyError):
        keys.tokeniser(SCOPE, FPE, 3)


def test_scopes_that_join_to_the_same_text_differ() -> None:
    one, other = replace(SCOPE, purpose="ab", recipient="c"), replace(SCOPE, purpose="a", recipient="bc")
    keys = ring()
    assert keys.tokeniser(one, DETERMINISTIC).token(ID) != keys.tokeniser(other, DETERMINISTIC).token(ID)


def people(count: int) -> list[str]:
    bodies = [f"110105{1950 + number % 50}0101{number // 50:03d}" for number in range(count)]
    return [body + check_character(body) for body in bodies]


def test_tokens_of_the_same_people_for_two_recipients_are_uncorrelated() -> None:
    """Digit by digit, two recipients' tokens agree as often as chance has it: one in ten, within five deviations."""
    keys = ring()
    one, other = keys.tokeniser(SCOPE, FPE), keys.tokeniser(OTHERS[2], FPE)
    count = 2000
    pairs = [(one.token(person), other.token(person)) for person in people(count)]
    for place in (*range(1, 10), *range(12, 17)):  # the lead, the month and the check character are no part of it
        agreeing = sum(first[place] == second[place] for first, second in pairs)
        assert abs(agreeing - count / 10) < 5 * (count * 0.09) ** 0.5
    assert len({second for _, second in pairs}) == count


def test_neighbouring_people_get_unrelated_tokens() -> None:
    """Every digit of consecutive numbers' tokens is spread as chance has it (chi squared, 9 degrees, p = 1e-6)."""
    tokeniser = ring().tokeniser(SCOPE, FPE)
    tokens = [tokeniser.token(person) for person in people(2000)]
    for place in (*range(1, 10), *range(12, 17)):
        seen = Counter(token[place] for token in tokens)
        assert sum((seen[digit] - 200) ** 2 / 200 for digit in "0123456789") < 45


def test_deterministic_tokens_for_two_recipients_share_no_more_bits_than_chance() -> None:
    keys = ring()
    tags = []
    for scope in (SCOPE, OTHERS[2]):
        key = keys.tokeniser(scope, DETERMINISTIC).key
        tags.append([_mac(key, person) for person in people(500)])
    bits = 500 * 128
    agreeing = bits - sum((a ^ b).bit_count() for a, b in zip(*tags, strict=True))
    assert abs(agreeing - bits / 2) < 5 * (bits / 4) ** 0.5


def test_a_deterministic_token_is_opaque_and_one_way() -> None:
    tokeniser = ring().tokeniser(SCOPE, DETERMINISTIC)
    token = tokeniser.token(ID)
    assert is_opaque_name("dtk_", token)
    with pytest.raises(TokenSpecError):
        tokeniser.reveal(token)


def test_another_recipients_tokens_do_not_open() -> None:
    keys = ring()
    mine, theirs = keys.tokeniser(SCOPE, FPE), keys.tokeniser(OTHERS[2], FPE)
    opened = 0
    for person in people(50):
        with suppress(NotTokenisableError):
            opened += theirs.reveal(mine.token(person)) == person
    assert opened == 0


@pytest.mark.parametrize(
    ("kind", "of", "keep"),
    [
        (TokenKind.FORMAT_PRESERVING, "email", Keep.NOTHING),
        (TokenKind.FORMAT_PRESERVING, "name", Keep.NOTHING),
        (TokenKind.FORMAT_PRESERVING, "mobile", Keep.REGION),
        (TokenKind.DETERMINISTIC, "resident_id", Keep.REGION),
        (TokenKind.RANDOM, "resident_id", Keep.BIRTH_DATE),
        (TokenKind.DETERMINISTIC, "shoe_size", Keep.NOTHING),
        (TokenKind.REVERSIBLE, "resident_id", Keep.BIRTH_DATE),
    ],
)
def test_parts_that_do_not_fit_are_refused(kind: TokenKind, of: str, keep: Keep) -> None:
    with pytest.raises(TokenSpecError):
        TokenSpec(kind, of, keep)


def test_random_tokens_are_not_computed() -> None:
    with pytest.raises(TokenSpecError):
        ring().tokeniser(SCOPE, TokenSpec(TokenKind.RANDOM, "resident_id"))


@pytest.mark.parametrize("value", [None, 110105194912310021, "", "nobody", "1" * 2000, b"11010519491231002X"], ids=repr)
def test_what_is_no_identifier_has_no_token(value: object) -> None:
    for spec in (DETERMINISTIC, FPE, REVERSIBLE):
        with pytest.raises(NotAnIdentifierError):
            ring().tokeniser(SCOPE, spec).token(value)


def test_a_tokeniser_shows_no_key() -> None:
    tokeniser = ring().tokeniser(SCOPE, FPE)
    assert repr(tokeniser) == "<Tokeniser>"
    with pytest.raises(TypeError):
        tokeniser.__reduce__()


def _mac(key: bytes, text: str) -> int:
    mac = CMAC(AES(key))
    mac.update(text.encode())
    return int.from_bytes(mac.finalize(), "big")
