"""The shipped fields against a table written down apart from them."""

import csv
from pathlib import Path

import pytest

from catalog import Catalog, Field, IdentifierKind, Jrt0171, LawfulBasis, MinorsRule, ReleaseForm, is_name

TABLE = Path(__file__).parents[1] / "vectors" / "catalog" / "fields.tsv"
with TABLE.open(encoding="utf-8", newline="") as opened:
    ROWS = list(csv.DictReader(opened, delimiter="\t"))


def _optional(text: str) -> int | None:
    return int(text) if text else None


def test_the_shipped_catalogue_holds_exactly_the_seventy_one_fields() -> None:
    assert len(ROWS) == 71
    assert sorted(Catalog.builtin().fields) == sorted(row["name"] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_field_is_classified_as_the_table_says(row: dict[str, str]) -> None:
    field = Catalog.builtin().fields[row["name"]]
    kind, _, sensitive_kind = row["pipl"].partition(" ")
    assert field.zh == row["zh"]
    assert (field.pipl, field.sensitive_kind or "") == (kind, sensitive_kind)
    assert (field.jrt0197, field.jrt0171, field.gbt45574 or "") == (
        int(row["jrt0197"]),
        row["jrt0171"],
        row["gbt45574"],
    )
    assert " ".join(field.bases) == row["bases"]
    assert field.separate == (row["separate"] == "yes")
    assert field.written_rule == row["written"]
    assert field.grade >= int(row["grade"])


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_field_is_treated_as_the_table_says(row: dict[str, str]) -> None:
    field = Catalog.builtin().fields[row["name"]]
    assert (field.form, field.derived_form) == (row["form"], row["derived_form"])
    assert field.retention.code == row["retention"]
    assert (field.retention.days, field.retention.hold_days) == (_optional(row["days"]), _optional(row["hold_days"]))
    assert " ".join(system for system in field.systems if system != "kyc") == row["systems"].replace("kyc", "").strip()
    assert field.source


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_grade_is_the_tables_or_four_for_authentication(row: dict[str, str]) -> None:
    field = Catalog.builtin().fields[row["name"]]
    assert field.grade == (4 if field.authentication else int(row["grade"]))


def test_class_c3_is_withheld_in_every_form() -> None:
    c3 = [field for field in Catalog.builtin().fields.values() if field.jrt0171 is Jrt0171.C3]
    assert {field.name for field in c3} == {
        "face_image",
        "face_template",
        "login_password",
        "payment_password",
        "second_factor_code",
    }
    assert {(field.form, field.derived_form) for field in c3} == {(ReleaseForm.WITHHELD, ReleaseForm.WITHHELD)}
    assert {field.grade for field in c3} == {4}


def test_identifiers_name_their_kind() -> None:
    kinds = {name: field.identifier for name, field in Catalog.builtin().fields.items() if field.identifier}
    assert kinds["id_card_no"] is IdentifierKind.RESIDENT_ID
    assert kinds["mobile_no"] is IdentifierKind.MOBILE
    assert kinds["bank_card_no"] is IdentifierKind.BANK_CARD
    assert kinds["birth_date"] is IdentifierKind.BIRTH_DATE
    assert {kinds[name] for name in ("imei", "oaid", "device_serial_no", "device_fingerprint")} == {
        IdentifierKind.DEVICE
    }


def test_student_records_are_blocked_for_children() -> None:
    """PIPL 31: data of a person under 14 needs a guardian; a school record is not released at all."""
    blocked = {name for name, field in Catalog.builtin().fields.items() if field.minors is MinorsRule.BLOCK}
    assert blocked == {"student_enrolment"}


def test_a_floor_of_retention_is_not_a_ceiling() -> None:
    """Network logs must be kept at least six months; nothing says that a value older than that may not be used."""
    for name in ("account_operation_log", "login_ip"):
        retention = Catalog.builtin().fields[name].retention
        assert (retention.days, retention.hold_days) == (None, 184)


def test_a_hold_outlasts_the_use_of_transactions() -> None:
    retention = Catalog.builtin().fields["payment_transactions"].retention
    assert (retention.days, retention.hold_days) == (730, 3653)


def test_written_consent_depends_on_who_receives_it() -> None:
    fields = Catalog.builtin().fields

    def needs(name: str) -> tuple[bool, bool, bool]:
        field = fields[name]
        return (
            field.needs_written(bureau=False, provision=False),
            field.needs_written(bureau=False, provision=True),
            field.needs_written(bureau=True, provision=True),
        )

    assert needs("full_name") == (False, False, False)
    assert needs("income_proof") == (False, False, True)
    assert needs("repayment_record") == (False, True, True)
    assert needs("pboc_credit_report") == (True, True, True)
    assert [name for name in sorted(fields) if fields[name].written] == ["default_record", "pboc_credit_report"]


def test_every_field_reads_well() -> None:
    for field in Catalog.builtin().fields.values():
        assert is_name(field.name)
        assert field.en[0].isupper()
        assert not field.en.endswith(".")
        assert set(field.bases) <= set(LawfulBasis)


def test_a_field_outside_the_catalogue_is_of_the_highest_grade_and_withheld() -> None:
    unknown: Field = Catalog.builtin().field("blood_type")
    assert unknown.grade == 5
    assert not unknown.classified
    assert {unknown.form, unknown.derived_form, unknown.provided_form} == {ReleaseForm.WITHHELD}
    assert unknown.written
    assert unknown.separate
