"""Whole columns: the scalar tokens, whatever the writing; faults by place, never by value."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.identifiers import POLICIES, VALUES
from tests.vault.support import TENANT, ring
from vault import (
    ColumnTypeError,
    DomainTooSmallError,
    FpeKind,
    IdentifierKind,
    Keep,
    KeyPurpose,
    KeyVersion,
    NotAnIdentifierError,
    NotTokenisableError,
    Suite,
    Tokeniser,
    TokenKind,
    TokenScope,
    TokenSpec,
    TokenSuiteError,
)
from vault.bulk import CellRefusal, ColumnTokeniser, columns

SCOPE = TokenScope(TENANT, "anti_fraud", "dawn_bank", "id_card_no")
SPECS = [
    *(TokenSpec(TokenKind.FORMAT_PRESERVING, kind, keep) for kind, keep in POLICIES),
    *(TokenSpec(TokenKind.DETERMINISTIC, of) for of in (*IdentifierKind, "plate", "digits", "alphanumeric")),
    *(TokenSpec(TokenKind.REVERSIBLE, of) for of in (*FpeKind, IdentifierKind.NAME)),
]
SM = {KeyVersion(KeyPurpose.TOKEN, 1): Suite.SM}
ODD = [
    None, "", " ", "x", "0", "\x00", "张三", "１３８００１３８０００", "+8613800138000", "86 138 0013 8000",
    "008613800138000", "+86 12800138000", "12800138000", "11010519491231002x", "11010519491231002X",
    "110105194912310021", "110105491231002", "110105 19491231 002X", "18010519491231002X",
    "110105209912310028", "000000000000000000", "6200000000000005", "6200-0000-0000-0005",
    "6200000000000004", "0000000000000", "E12345678", "e12345678", "EEEEEEEEE", "京A12345", "京a12345",
    "粤Z1234港", "864473690599505376", "27177302759", "0TAXDM3U6", "T920033", "_DSFM", "A" * 600, "1" * 19,
    "9" * 28, "9" * 29, "北京市海淀区中关村", "李明", "a@example.com", "1990-01-01", "20260229",
    "990000202602290011",
]  # fmt: skip
each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.of}-{spec.keep}")


def tokeniser(spec: TokenSpec, suites: dict[KeyVersion, Suite] | None = None) -> Tokeniser:
    return ring(suites=suites).tokeniser(SCOPE, spec)


def one_by_one(maker: Tokeniser, values: Sequence[str | None]) -> tuple[list[str | None], list[CellRefusal]]:
    tokens: list[str | None] = []
    refused: list[CellRefusal] = []
    for place, value in enumerate(values):
        if value is None:
            tokens.append(None)
            continue
        try:
            tokens.append(maker.token(value))
        except (NotAnIdentifierError, NotTokenisableError) as error:
            tokens.append(None)
            refused.append(CellRefusal(place, error.fault))
        except DomainTooSmallError:
            tokens.append(None)
            refused.append(CellRefusal(place, "domain_too_small"))
    return tokens, refused


def check(
    spec: TokenSpec,
    values: Sequence[str | None],
    column: Any = None,
    suites: dict[KeyVersion, Suite] | None = None,
) -> None:
    maker = tokeniser(spec, suites)
    found = ColumnTokeniser(maker).tokenise(pa.array(values, pa.string()) if column is None else column)
    tokens, refused = one_by_one(maker, values)
    assert found.tokens.to_pylist() == tokens
    assert list(found.refused) == refused
    assert found.nulls == sum(value is None for value in values)


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on rows together from the first, so that small examples take the fast way."""
    monkeypatch.setattr(columns, "LEAST_TOGETHER", 1)


@each_spec
@pytest.mark.usefixtures("together")
def test_odd_and_faulty_cells_are_what_the_scalar_way_says(spec: TokenSpec) -> None:
    check(spec, ODD)


@each_spec
@pytest.mark.usefixtures("together")
def test_the_suite_sm_gives_columns_its_own_scalar_tokens(spec: TokenSpec) -> None:
    if spec.kind is TokenKind.REVERSIBLE:
        with pytest.raises(TokenSuiteError):
            tokeniser(spec, SM)
    else:
        check(spec, [*ODD, *(f"138{number:08d}" for number in range(40))], suites=SM)


@each_spec
@pytest.mark.usefixtures("together")
def test_random_bytes_of_every_width_are_what_the_scalar_way_says(spec: TokenSpec) -> None:
    characters = Random(7)  # noqa: S311  repeatable, not secret
    values = ["".join(characters.choices("0123456789X+86AZ\x7f/:@[", k=width % 20 + 1)) for width in range(400)]
    check(spec, values)


@pytest.mark.parametrize(
    "spec", [spec for spec in SPECS if spec.of in set(FpeKind)], ids=lambda s: f"{s.kind}-{s.of}-{s.keep}"
)
@pytest.mark.usefixtures("together")
def test_drawn_values_are_what_the_scalar_way_says(spec: TokenSpec) -> None:
    @settings(deadline=None, max_examples=8)
    @given(st.lists(st.none() | VALUES[FpeKind(spec.of)], max_size=40))
    def run(values: list[str | None]) -> None:
        check(spec, values)

    run()


@pytest.mark.usefixtures("together")
def test_slices_chunks_views_and_dictionaries_are_read_from_their_own_first_row() -> None:
    spec = TokenSpec(TokenKind.FORMAT_PRESERVING, FpeKind.MOBILE)
    values = [f"138{number:08d}" for number in range(50)]
    whole = pa.array(values)
    check(spec, values[7:31], whole.slice(7, 24))
    check(spec, values, pa.chunked_array([values[:20], values[20:], []], pa.string()))
    check(spec, values[7:31], pa.array(values, pa.large_string()).slice(7, 24))
    check(spec, values, pa.array(values, pa.string_view()))
    check(spec, values * 2, pa.array(values * 2).dictionary_encode())
    check(spec, [], pa.chunked_array([], pa.string()))
    check(spec, [], pa.array([], pa.string()))
    check(spec, [None, None], pa.nulls(2))


def test_a_column_longer_than_a_piece_keeps_its_order() -> None:
    spec = TokenSpec(TokenKind.DETERMINISTIC, IdentifierKind.MOBILE)
    values = [
        f"138{number:08d}" if number % 1000 else (None if number % 2000 else "+8613912345678")
        for number in range(20_000)
    ]
    maker = tokeniser(spec)
    found = ColumnTokeniser(maker).tokenise(pa.array(values)).tokens
    for place in (0, 1, 999, 1000, 1001, 8191, 8192, 19_000, 19_999):
        value = values[place]
        assert found[place].as_py() == (None if value is None else maker.token(value))


@pytest.mark.parametrize(
    "column",
    [pa.array([1, 2]), pa.array([1.5]), pa.array([b"x"]), pa.array([["a"]]), pa.array([True]), pa.array([{"a": "b"}])],
    ids=lambda column: str(column.type),
)
def test_a_column_that_is_not_text_is_refused(column: Any) -> None:
    with pytest.raises(ColumnTypeError):
        ColumnTokeniser(tokeniser(SPECS[0])).tokenise(column)


def test_a_column_keeper_shows_no_key() -> None:
    keeper = ColumnTokeniser(tokeniser(TokenSpec(TokenKind.FORMAT_PRESERVING, FpeKind.RESIDENT_ID, Keep.REGION)))
    assert repr(keeper) == "<ColumnTokeniser>"
