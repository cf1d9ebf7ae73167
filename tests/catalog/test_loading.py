"""Files with faults: every kind is refused, at its line, with what to do."""

import time
from pathlib import Path

import pytest

from catalog import Catalog, CatalogFileError, CatalogValueError, ReleaseForm, load_fields, load_views
from tests.catalog.views import GOOD, line_of, with_change

FIELD = """\
fields:
  - name: shoe_size
    zh: 鞋码
    en: Shoe size
    pipl: general
    jrt0197: 2
    jrt0171: C1
    bases: [consent]
    separate: false
    form: bucket
    derived_form: bucket
    retention: PUR
    source: [own rule]
"""


def faults(text: str, *, fields: bool = False) -> list[tuple[int, int, str]]:
    with pytest.raises(CatalogFileError) as caught:
        load_fields(text) if fields else load_views(text, "one")
    return [(fault.line, fault.column, fault.message) for fault in caught.value.faults]


def test_a_right_file_gives_its_views() -> None:
    spending, relations = load_views(GOOD, "one")
    assert [feature.full_name for feature in spending.features] == [
        "spending:clicks",
        "spending:name_shown",
        "spending:spend",
        "spending:tier",
    ]
    clicks, name_shown, spend, tier = spending.features
    assert spend.forms == ("flag", "bucket")
    assert name_shown.forms == ("token", "masked")
    assert tier.forms == ("plain",)
    assert relations.features[0].forms == ()
    assert clicks.fields == ("clickstream", "page_dwell_seconds")
    assert clicks.shaper(ReleaseForm.BUCKET)(10) == "some"
    assert spending.handler == "lender_one"
    assert spending.tenant == "one"


VIEW_CASES = [
    (
        "    handler: lender_one\n    zh: 消费",
        "    handlr: lender_one\n    zh: 消费",
        "handlr",
        "did you mean `handler`",
    ),
    (
        "transform: raw\n        fields: [ecom_spend_12m]",
        "fields: [ecom_spend_12m]",
        "name: spend\n",
        "`transform` is missing",
    ),
    ("fields: [ecom_spend_12m]", "fields: [ecom_spend_12]", "[ecom_spend_12]", "did you mean `ecom_spend_12m`"),
    ("fields: [ecom_spend_12m]", "fields: []", "fields: []", "at least one field"),
    ("fields: [ecom_spend_12m]", "fields: [ecom_spend_12m, ecom_spend_12m]", "[ecom_spend_12m, ", "twice"),
    ("fields: [ecom_spend_12m]", "fields: ecom_spend_12m", "fields: ecom", "expected a list"),
    (
        "fields: [account_tier]",
        "fields: [account_tier, full_name]",
        "transform: raw\n        fields: [account_tier",
        "one field",
    ),
    ("name: tier\n", "nam: tier\n", "nam: tier", "unknown key `nam`"),
    ("fields: [account_tier]", "fields: [full_name]\n        shapes: {}", "form: plain", "use masked or stricter"),
    (
        "fields: [account_tier]\n        form: plain",
        "fields: [account_tier]\n        form: flag",
        "form: flag",
        "needs `shapes: {flag",
    ),
    (
        "fields: [account_tier]\n        form: plain",
        "fields: [account_tier]\n        form: token",
        "form: token",
        "one identifier field",
    ),
    ("fields: [account_tier]", "fields: [ecom_order_count]", "form: plain", "milder than its fields allow"),
    ("fields: [account_tier]", "fields: [clickstream]", "form: plain", "use withheld or stricter"),
    ("fields: [account_tier]", "fields: [face_image]", "form: plain", "face_image (withheld)"),
    (
        "fields: [friend_graph]\n        form: withheld",
        "fields: [friend_graph]\n        form: flag",
        "form: flag",
        "milder",
    ),
    ("          bucket: {edges: [500, 1000]}\n", "", "form: bucket", "needs `shapes: {bucket"),
    ("shapes: {mask: name}", "shapes: {}", "form: masked", "needs `shapes: {mask"),
    ("shapes: {mask: name}", "shapes: {mask: mobile}", "mobile", "does not fit"),
    ("shapes: {mask: name}", "shapes: {mask: nickname}", "nickname", "expected one of"),
    ("edges: [500, 1000]", "edges: [1000, 500]", "[1000, 500]", "must ascend"),
    ("edges: [500, 1000]", "edges: [500, 500]", "[500, 500]", "must ascend"),
    ("edges: [500, 1000]", "edges: [500, many]", "many", "not a literal"),
    ("edges: [500, 1000]", "edges: [500, 1_000]", "1_000", "not a literal"),
    ("edges: [500, 1000]", "edges: []", "edges: []", "1 to 32 edges"),
    ("edges: [500, 1000]", f"edges: {list(range(33))}", "edges: [0", "1 to 32 edges"),
    ("edges: [500, 1000]", "groups: {}", "{groups", "`edges` with optional `labels`"),
    ("labels: [none, few, some, many]", "labels: [none, few, some]", "[none", "give 4 different labels"),
    ("labels: [none, few, some, many]", "labels: [few, few, some, many]", "[few", "give 4 different labels"),
    ("flag: {at_least: 500}", "flag: {at_least: 500, at_most: 900}", "{at_least", "one question"),
    ("flag: {at_least: 500}", "flag: {over: 500}", "over", "unknown key `over`"),
    ("flag: {at_least: 500}", "flag: {one_of: []}", "[]", "name 1 to 64 values"),
    ("flag: {at_least: 500}", "flag: {present: false}", "false", "present: true"),
    ("type: integer\n        transform: raw", "type: int\n        transform: raw", "int\n", "did you mean `integer`"),
    ("name: tier", "name: Tier", "Tier", "not a name"),
    ("name: tier", "name: tier_13800", "tier_13800", "four digits"),
    ("name: tier", "name: spend", "spend\n        zh: 等级", "stands in this view twice"),
    (
        "name: relations",
        "name: spending",
        "spending\n    handler: lender_one\n    zh: 关系",
        "stands in this file twice",
    ),
    ("en: Tier", "en: 12", "12\n", "expected a text, found a number"),
    ("en: Tier", 'en: ""', '""', "1 to 400 characters"),
    ("en: Tier", "en: &mark Tier", "&mark", "anchors and aliases"),
    ("en: Tier", "en: !!str Tier", "!!str", "tags"),
    ("en: Tier", "en: [Tier", "type: string\n        transform: raw\n        fields: [account_tier", "not YAML"),
    ("zh: 等级", "zh: 等级\n        zh: 级别", "zh: 级别", "second time"),
    ("zh: 等级", "? [zh]\n        : 等级\n        zh: 等级", "[zh]", "a key must be a plain text"),
]


SHAPE_CASES = [
    ("string", "flag: {at_least: b}", "needs an integer, number or date feature"),
    ("string", "flag: {one_of: [a, [b]]}", "found a list"),
    ("string", "flag: {equals: {a: 1}}", "found a mapping"),
    ("string", "bucket: {edges: [1]}", "`groups` and `other`"),
    ("string", "bucket: {groups: {a: [x], b: [x]}, other: c}", "belongs to one group only"),
    ("string", "bucket: {groups: {}, other: c}", "1 to 32 groups"),
    ("string", "bucket: {groups: [a], other: c}", "expected a mapping, found a list"),
    ("boolean", "bucket: {edges: [1]}", "a boolean feature has no buckets"),
    ("boolean", "flag: {equals: yes}", "not a literal of the feature's type, boolean"),
    ("date", "bucket: {edges: [2020-02-30]}", "not a literal"),
    ("date", "bucket: {edges: [20200101]}", "not a literal"),
    ("number", "bucket: {edges: [1e3]}", "not a literal"),
    ("number", "bucket: {edges: [0.5, 0.50]}", "must ascend"),
    ("integer", "bucket: {labels: [a]}", "`edges` with optional `labels`"),
    ("integer", "bucket: {edges: [true]}", "not a literal"),
    ("integer", "flag: 3", "expected a mapping, found a number"),
    ("integer", "flag: {present: 1}", "expected true or false"),
]


@pytest.mark.parametrize(
    ("kind", "shape", "says"), SHAPE_CASES, ids=[f"{kind} {shape}" for kind, shape, _ in SHAPE_CASES]
)
def test_a_shape_that_does_not_fit_is_refused_at_its_line(kind: str, shape: str, says: str) -> None:
    text = with_change("form: plain", f"form: plain\n        shapes:\n          {shape}")
    text = text.replace(
        "type: string\n        transform: raw\n        fields: [account",
        f"type: {kind}\n        transform: raw\n        fields: [account",
    )
    found = faults(text)
    assert [line for line, _, message in found if says in message] == [line_of(text, f"          {shape}")], found


def test_shapes_of_every_type_are_read() -> None:
    for kind, shape, value, released in [
        ("string", "flag: {present: true}", "x", True),
        ("boolean", "flag: {equals: true}", True, True),
        ("date", "flag: {at_most: 2020-01-01}", "2019-12-31", True),
        ("number", "flag: {at_least: 0.5}", 0.5, True),
        ("string", "flag: {one_of: [b, a]}", "c", False),
    ]:
        text = with_change("form: plain", f"form: flag\n        shapes: {{{shape}}}")
        text = text.replace(
            "type: string\n        transform: raw\n        fields: [account",
            f"type: {kind}\n        transform: raw\n        fields: [account",
        )
        views = load_views(text, "one")
        assert views[0].features[3].shaper(ReleaseForm.FLAG)(value) is released
        catalog = Catalog.builtin().with_views("one", views)
        assert Catalog.from_document(catalog.document()) == catalog


@pytest.mark.parametrize(
    ("old", "new", "at", "says"), VIEW_CASES, ids=[case[3] + " " + case[1][-20:] for case in VIEW_CASES]
)
def test_a_faulty_view_file_is_refused_at_its_line(old: str, new: str, at: str, says: str) -> None:
    text = with_change(old, new)
    found = faults(text)
    assert any(line == line_of(text, at) and says in message for line, _, message in found), found


def test_the_column_points_at_the_part() -> None:
    text = with_change("fields: [ecom_spend_12m]", "fields: [ecom_spend_12]")
    assert [(line, column) for line, column, _ in faults(text)] == [(12, 18)]


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = (
        with_change("form: plain", "form: open").replace("type: string", "type: text").replace("[500, 1000]", "[9, 1]")
    )
    assert [line for line, _, _ in faults(text)] == [15, 28, 36, 39]


def test_a_message_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "views.yaml"
    path.write_text(with_change("form: plain", "form: open"))
    with pytest.raises(CatalogFileError, match=rf"{path}:39:15: expected one of"):
        load_views(path, "one")


WHOLE_FILES = [
    ("", "the file is empty"),
    ("# only a comment\n", "the file is empty"),
    ("---\nviews: []\n---\nviews: []\n", "a second document"),
    ("%YAML 1.2\n---\nviews: []\n", "directives"),
    ("null\n", "the file is empty"),
    ("- 1\n", "expected a mapping, found a list"),
    ("text\n", "expected a mapping, found a text"),
    ("views: 3\n", "expected a list, found a number"),
    ("views: [3]\n", "expected a mapping, found a number"),
    ("features: []\n", "unknown key `features`"),
    ("views:\n  a: *b\n", "anchors and aliases"),
    ("views: [\x07]\n", "control character U+0007"),
    ("views: \ud800\n", "not UTF-8"),
    ("[" * 40 + "]" * 40, "nested deeper than 16"),
    ("views: [" + "1," * 60_000 + "]", "more than 50000 parts"),
    ("#" * (1 << 20) + "\n", "larger than"),
    ("views: \t- x\n", "not YAML"),
    ("views: [{name: a, handler: b, zh: 甲, en: A, features: []}]", "at least one feature"),
]


@pytest.mark.parametrize(("text", "says"), WHOLE_FILES, ids=[says for _, says in WHOLE_FILES])
def test_a_file_that_is_no_view_file_is_refused(text: str, says: str) -> None:
    assert any(says in message for _, _, message in faults(text))


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "views.yaml"
    path.write_bytes("views:\n  - name: 消费\n".encode("gb18030"))
    with pytest.raises(CatalogFileError, match=r"views\.yaml:2:11: not UTF-8"):
        load_views(path, "one")


def test_a_billion_laughs_stay_a_few_lines() -> None:
    laughs = "a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
    for last, this in zip("abcdefgh", "bcdefghi", strict=True):
        laughs += f"{this}: &{this} [{', '.join([f'*{last}'] * 9)}]\n"
    began = time.perf_counter()
    assert any("anchors and aliases" in message for _, _, message in faults(laughs))
    assert time.perf_counter() - began < 1


def test_words_are_read_as_they_stand() -> None:
    """`no` is a text here, as in YAML 1.2; a label may be called so."""
    text = with_change("[none, few, some, many]", "[no, few, some, yes]")
    clicks = load_views(text, "one")[0].features[0]
    assert clicks.shaper(ReleaseForm.BUCKET)(0) == "no"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "views.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_views(path, "one") == load_views(GOOD, "one")


def test_a_tenant_is_a_name() -> None:
    with pytest.raises(CatalogValueError, match="no tenant"):
        load_views(GOOD, "One Tenant")


def test_views_derive_from_the_fields_of_the_given_catalogue() -> None:
    text = with_change("[account_tier]", "[shoe_size]").replace("form: plain", "form: withheld")
    assert "unknown field `shoe_size`" in faults(text)[0][2]
    own = Catalog.builtin().with_fields(load_fields(FIELD))
    assert load_views(text, "one", catalog=own)[0].features[3].fields == ("shoe_size",)


FIELD_CASES = [
    ("name: shoe_size", "name: Shoe", "not a name"),
    ("pipl: general", "pipl: secret", "expected one of"),
    ("pipl: general", "pipl: sensitive", "`sensitive_kind` go together"),
    ("pipl: general", "pipl: general\n    sensitive_kind: FIN", "`sensitive_kind` go together"),
    ("pipl: general", "pipl: sensitive\n    sensitive_kind: FIN", "a sensitive field needs `separate"),
    ("jrt0197: 2", "jrt0197: 6", "from 1 to 5"),
    ("jrt0197: 2", "jrt0197: 3-4", "from 1 to 5"),
    ("jrt0171: C1", "jrt0171: C3", "never released"),
    ("bases: [consent]", "bases: []", "at least one lawful basis"),
    ("bases: [consent]", "bases: [consent, consent]", "twice"),
    ("bases: [consent]", "bases: [interest]", "expected one of"),
    ("separate: false", "separate: no", "expected true or false"),
    ("\n    form: bucket", "\n    form: token", "needs `identifier`"),
    ("derived_form: bucket", "derived_form: plain", "may not be milder"),
    ("retention: PUR", "retention: DAYS", "DAYS needs `days`"),
    ("retention: PUR", "retention: {code: NEG5, days: 1826}", "at most 1825"),
    ("retention: PUR", "retention: {code: AML10, hold_days: 3652}", "at least 3653"),
    ("retention: PUR", "retention: {days: 3}", "`code` is missing"),
    ("retention: PUR", "retention: 90", "expected a mapping"),
    ("source: [own rule]", "source: own rule", "expected a list"),
    ("    zh: 鞋码\n", "", "`zh` is missing"),
]


@pytest.mark.parametrize(("old", "new", "says"), FIELD_CASES, ids=[case[1].strip() or case[2] for case in FIELD_CASES])
def test_a_faulty_field_is_refused(old: str, new: str, says: str) -> None:
    text = FIELD.replace(old, new, 1)
    assert text != FIELD
    found = faults(text, fields=True)
    assert any(says in message for _, _, message in found), found


def test_a_field_stands_once_in_a_file() -> None:
    twice = FIELD + FIELD.split("\n", 1)[1]
    assert "stands in this file twice" in faults(twice, fields=True)[0][2]
