"""A museum of bad rows: each is refused with its place and reason, never repeated, and the rest is loaded."""

from pathlib import Path

import pytest
from sqlalchemy import text

from catalog import Catalog, load_views
from gate.loading import LoadOptions, LoadRefusedError, SourceUnreadableError
from gate.loading.cells import CellFault
from gate.loading.columns import ValueColumns, value_columns
from gate.loading.reports import MESSAGES
from gate.loading.sources import open_source
from tests.gate.loading.world import faults, load, load_persons, register, values_of, write
from tests.gate.people import made_up
from tests.world import World

VIEWS = """
views:
  - name: behaviour
    handler: lender
    zh: 行为
    en: Behaviour
    features:
      - {name: orders, zh: 订单数, en: Orders, type: integer, transform: derived, fields: [credit_limit], form: plain}
      - {name: share, zh: 占比, en: Share, type: number, transform: derived, fields: [credit_limit], form: plain}
      - {name: tier, zh: 等级, en: Tier, type: string, transform: derived, fields: [credit_limit], form: plain}
      - {name: risky, zh: 风险, en: Risky, type: boolean, transform: derived, fields: [credit_limit], form: plain}
      - {name: since, zh: 起始, en: Since, type: date, transform: derived, fields: [credit_limit], form: plain}
"""
COLUMNS = ("id_card_no", "observed_at", "orders", "share", "tier", "risky", "since")
GOOD = (made_up(1).id_card_no, "2026-03-01T08:00:00+08:00", "7", "0.5", "金", "true", "2020-02-29")

MUSEUM: dict[str, tuple[dict[str, str], str]] = {
    "a number with a thousands separator": ({"orders": "1,000"}, "orders not_integer"),
    "a number with a space": ({"orders": " 7"}, "orders not_integer"),
    "a number as a float": ({"orders": "7.0"}, "orders not_integer"),
    "a number in full-width digits": ({"orders": "７"}, "orders not_integer"),
    "a number with leading zeros": ({"orders": "007"}, "orders not_integer"),
    "a number of 16 digits": ({"orders": "1" * 16}, "orders not_integer"),
    "an exponent": ({"share": "5e+05"}, "share not_number"),
    "not a number": ({"share": "NaN"}, "share not_number"),
    "infinity": ({"share": "inf"}, "share not_number"),
    "a shouted boolean": ({"risky": "TRUE"}, "risky not_boolean"),
    "a boolean as a digit": ({"risky": "1"}, "risky not_boolean"),
    "a date that is none": ({"since": "2021-02-29"}, "since not_date"),
    "a date with slashes": ({"since": "2021/02/28"}, "since not_date"),
    "a text that is too long": ({"tier": "x" * 1001}, "tier too_long"),
    "a text with a control character": ({"tier": "a\x00b"}, "tier characters"),
    "a text with a line break": ({"tier": "a\nb"}, "tier characters"),
    "no subject": ({"id_card_no": ""}, "id_card_no subject_missing"),
    "a wrong check digit": ({"id_card_no": "11999919900101001X"}, "id_card_no check_digit"),
    "a subject nobody registered": ({"id_card_no": made_up(99).id_card_no}, "id_card_no subject_unknown"),
    "a time without a zone": ({"observed_at": "2026-03-01T08:00:00"}, "observed_at not_instant"),
    "a time that is none": ({"observed_at": "2026-03-01T25:00:00Z"}, "observed_at not_instant"),
    "no time": ({"observed_at": ""}, "observed_at not_instant"),
    "a time before 1970": ({"observed_at": "1969-12-31T23:59:59Z"}, "observed_at not_instant"),
    "a time in the year 0": ({"observed_at": "0000-01-01"}, "observed_at not_instant"),
    "a time at the end of time": ({"observed_at": "9999-12-31T23:59:59-23:59"}, "observed_at not_instant"),
    "a time in the future": ({"observed_at": "2999-01-01"}, "observed_at in_future"),
}


@pytest.fixture
async def museum(lender: World) -> World:
    views = lender.catalog.with_views("lender", [])
    lender.catalog = views.with_views("lender", load_views(VIEWS, "lender", catalog=views))
    return lender


def columns_of(path: Path, key: str) -> ValueColumns:
    catalog = Catalog.builtin()
    [view] = load_views(VIEWS, "lender", catalog=catalog)
    source = open_source(path)
    try:
        return value_columns(source, view, catalog, key=key, ignore=())
    finally:
        source.close()


async def test_every_piece_of_the_museum_is_refused_by_column_and_code(museum: World, tmp_path: Path) -> None:
    [subject] = await register(museum, [1])
    good = dict(zip(COLUMNS, GOOD, strict=True))
    pieces = [[(good | odd)[name] for name in COLUMNS] for odd, _ in MUSEUM.values()]
    path = write(tmp_path / "museum.csv", [*pieces, GOOD], COLUMNS)
    report = tmp_path / "faults.jsonl"
    summary = await load(museum, path, options=LoadOptions(report=report, batch_rows=7))
    found = faults(report)
    expected = [(place, told) for place, (_, told) in enumerate(MUSEUM.values(), start=1)]
    assert [(each["row"], f"{each['column']} {each['code']}") for each in found] == expected
    assert (summary.rows_done, summary.rows_rejected) == (len(MUSEUM) + 1, len(MUSEUM))
    expected_values = {"orders": 7, "share": 0.5, "tier": "金", "risky": True, "since": "2020-02-29"}
    assert await values_of(museum, subject.ref) == expected_values
    report_text = report.read_text("utf-8")
    assert not any(cell and len(cell) > 5 and cell in report_text for piece in pieces for cell in piece)


async def test_broken_lines_are_told_by_their_line_and_the_rest_is_loaded(museum: World, tmp_path: Path) -> None:
    [subject] = await register(museum, [1])
    lines = [",".join(COLUMNS), "", "too,few", ",".join((*GOOD, "too many")), f'"{GOOD[0]}"x,a', ",".join(GOOD)]
    path = tmp_path / "broken.csv"
    latin = ",".join(GOOD).encode().replace("金".encode(), b"\xd3\xc3")
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*lines, ""]).encode() + latin)
    report = tmp_path / "faults.jsonl"
    await load(museum, path, options=LoadOptions(report=report))
    told = [(each["row"], each["line"], each["column"], each["code"]) for each in faults(report)]
    assert told == [
        (1, 3, None, "columns"),
        (2, 4, None, "columns"),
        (3, 5, None, "malformed"),
        (5, 7, "tier", "characters"),
    ]
    assert (await values_of(museum, subject.ref))["orders"] == 7


async def test_a_missing_quote_ends_the_load_since_nobody_can_tell_where_rows_begin(
    museum: World, tmp_path: Path
) -> None:
    await register(museum, [1])
    path = tmp_path / "quote.csv"
    path.write_text("\n".join([",".join(COLUMNS), ",".join(GOOD), '"' + ",".join(GOOD), ",".join(GOOD), ""]))
    with pytest.raises(SourceUnreadableError, match="line 3"):
        await load(museum, path, options=LoadOptions(batch_rows=1))


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (("id_card_no", "orderz"), "column orderz is no feature of the view behaviour"),
        (("orders",), "no column id_card_no"),
        (("id_card_no", "orders", "orders"), "column orders stands there 2 times"),
        (("id_card_no",), "no column is a feature"),
        ((made_up(1).id_card_no, "7"), "column number 1 is no feature .*; column number 2 is"),
        ((), "no header"),
    ],
    ids=["unknown", "no key", "twice", "nothing", "no header at all", "empty"],
)
def test_columns_that_do_not_fit_are_refused_up_front(tmp_path: Path, header: tuple[str, ...], problem: str) -> None:
    with pytest.raises(LoadRefusedError, match=problem) as caught:
        columns_of(write(tmp_path / "columns.csv", [], header), "id_card_no")
    assert made_up(1).id_card_no not in str(caught.value)


def test_a_header_that_is_not_csv_is_none(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text('"subject"x,orders\n')
    with pytest.raises(LoadRefusedError, match="no header"):
        open_source(path)


@pytest.mark.parametrize("key", ["full_name", "credit_limit", "110105194912310021"])
def test_only_what_points_to_one_person_may_name_a_subject(tmp_path: Path, key: str) -> None:
    with pytest.raises(LoadRefusedError, match="cannot be found by") as caught:
        columns_of(write(tmp_path / "key.csv", [], (key, "orders")), key)
    assert "1101" not in str(caught.value)


async def test_columns_to_leave_aside_and_full_names_are_understood(museum: World, tmp_path: Path) -> None:
    [subject] = await register(museum, [1])
    path = write(tmp_path / "more.csv", [(subject.ref, "7", "secret")], ("subject", "behaviour:orders", "comment"))
    await load(museum, path, key_column="subject", options=LoadOptions(ignore=frozenset({"comment"})))
    assert await values_of(museum, subject.ref) == {"orders": 7}


async def test_references_are_checked_and_looked_up(museum: World, tmp_path: Path) -> None:
    rows = [("sub_" + "a" * 26, "1"), ("11010519491231002X", "1"), ("", "1")]
    report = tmp_path / "faults.jsonl"
    path = write(tmp_path / "refs.csv", rows, ("subject", "orders"))
    await load(museum, path, key_column="subject", options=LoadOptions(report=report))
    assert [each["code"] for each in faults(report)] == ["subject_unknown", "subject_malformed", "subject_missing"]


async def test_an_identifier_that_two_subjects_share_names_neither(museum: World, tmp_path: Path) -> None:
    people = write(tmp_path / "people.csv", [("both@example.com",), ("both@example.com",)], ("email",))
    assert (await load_persons(museum, people)).rows_rejected == 0
    report = tmp_path / "faults.jsonl"
    path = write(tmp_path / "shared.csv", [("both@example.com", "1")], ("email", "orders"))
    await load(museum, path, key_column="email", options=LoadOptions(report=report))
    assert [each["code"] for each in faults(report)] == ["subject_ambiguous"]


async def test_what_does_not_open_is_reported_and_left_alone_unless_replaced(museum: World, tmp_path: Path) -> None:
    [subject] = await register(museum, [1])
    path = write(tmp_path / "one.csv", [GOOD], COLUMNS)
    await load(museum, path)
    async with museum.database.transaction() as tx:
        await tx.connection.execute(text("UPDATE gate_values SET sealed = :blob"), {"blob": b"x" * 46})
    summary = await load(museum, path, options=LoadOptions(again=True))
    assert summary.codes == {"subject_unreadable": 1}
    await load(museum, path, replace=True)
    assert (await values_of(museum, subject.ref))["orders"] == 7


async def test_people_are_refused_by_field_and_code(lender: World, tmp_path: Path) -> None:
    good, other = made_up(1), made_up(2)
    rows: list[tuple[str, ...]] = [
        (good.id_card_no, good.email, good.birth_date),
        ("11999919900101001X", good.email, ""),
        (other.id_card_no, "no mail", ""),
        (other.id_card_no, "", "1950-01-01"),
        ("", "", ""),
    ]
    report, output = tmp_path / "faults.jsonl", tmp_path / "subjects.csv"
    path = write(tmp_path / "people.csv", rows, ("id_card_no", "email", "birth_date"))
    summary = await load_persons(lender, path, output, report=report)
    told = [(each["row"], each["column"], each["code"]) for each in faults(report)]
    assert told == [
        (2, "id_card_no", "check_digit"),
        (3, "email", "shape"),
        (4, "birth_date", "birth_date_disagrees"),
        (5, "birth_date", "no_identifier"),
    ]
    assert summary.rows_rejected == 4
    assert len(output.read_text().splitlines()) == 2


def test_every_code_of_a_cell_has_a_message() -> None:
    assert set(MESSAGES) == set(CellFault)
