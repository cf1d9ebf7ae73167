"""Made-up identifiers with right check digits, drawn by Hypothesis."""

from datetime import date

from hypothesis import strategies as st

from vault import check_character
from vault.fpe import FpeKind, Keep
from vault.fpe.papers import PLATE_CHARACTERS, PLATE_LETTERS, PROVINCES
from vault.fpe.phones_and_cards import ISSUERS, with_luhn
from vault.fpe.resident_id import ASSIGNED

DIGITS = st.sampled_from("0123456789")
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=least, max_size=most or least)


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1800, 1, 1), date(2073, 10, 14)))
    body = f"{draw(st.sampled_from(ASSIGNED)):02d}{draw(digits(4))}{born:%Y%m%d}{draw(digits(3))}"
    return body + check_character(body)


MOBILES = st.builds("+861{}{}".format, st.sampled_from("3456789"), digits(9))
CARDS = st.builds(lambda issuer, rest: with_luhn(issuer + rest), st.sampled_from(sorted(ISSUERS)), digits(10, 16))
PASSPORTS = st.builds("{}{}{}".format, st.sampled_from(CAPITALS), st.sampled_from(CAPITALS + "0123456789"), digits(7))
PLATES = st.builds(
    "{}{}{}".format,
    st.sampled_from(PROVINCES),
    st.sampled_from(PLATE_LETTERS),
    st.text(st.sampled_from(PLATE_CHARACTERS), min_size=5, max_size=6)
    | st.builds(
        "{}{}".format, st.text(st.sampled_from(PLATE_CHARACTERS), min_size=4, max_size=4), st.sampled_from("学警港澳挂")
    ),
)
VALUES: dict[FpeKind, st.SearchStrategy[str]] = {
    FpeKind.RESIDENT_ID: resident_ids(),
    FpeKind.MOBILE: MOBILES,
    FpeKind.BANK_CARD: CARDS,
    FpeKind.PASSPORT: PASSPORTS,
    FpeKind.PLATE: PLATES,
    FpeKind.DIGITS: digits(6, 28),
    FpeKind.ALPHANUMERIC: st.text(st.sampled_from(CAPITALS + "0123456789"), min_size=4, max_size=18),
}
POLICIES = [(kind, Keep.NOTHING) for kind in FpeKind] + [
    (FpeKind.RESIDENT_ID, Keep.REGION),
    (FpeKind.RESIDENT_ID, Keep.BIRTH_DATE),
]
