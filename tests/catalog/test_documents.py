"""What the format documents say is what the code does."""

import hashlib
import re
from pathlib import Path

from catalog import Catalog, RetentionCode, canonical, digest, load_fields, load_views
from catalog.field_format import OPTIONAL, REQUIRED
from catalog.retention import CEILINGS, FLOORS
from catalog.view_format import FEATURE_KEYS

FORMATS = Path(__file__).parents[2] / "docs" / "formats"
CATALOGUE = (FORMATS / "catalogue.md").read_text(encoding="utf-8")
CANONICAL = (FORMATS / "canonical-json.md").read_text(encoding="utf-8")


def test_the_examples_of_the_catalogue_format_load() -> None:
    fields, views = re.findall(r"```yaml\n(.*?)```", CATALOGUE, re.DOTALL)
    catalog = Catalog.builtin().with_fields(load_fields(fields))
    catalog = catalog.with_views("shop", load_views(views, "shop", catalog=catalog))
    assert catalog.field("gym_visits").grade == 3
    assert [feature.name for feature in catalog.view("shop", "spending").features] == [
        "home_region",
        "phone",
        "spend_12m",
    ]


def test_every_key_of_a_field_and_of_a_feature_is_documented() -> None:
    for key in (*REQUIRED, *OPTIONAL, *FEATURE_KEYS, "shapes"):
        assert f"`{key}`" in CATALOGUE, key


def test_the_documented_retention_is_the_one_in_force() -> None:
    rows = re.findall(r"^\| `([A-Z0-9]+)` \| (\d*|as given) ?\| (\d*) ?\|", CATALOGUE, re.MULTILINE)
    assert {code for code, _, _ in rows} == set(RetentionCode)
    for code, days, hold in rows:
        assert days == ("as given" if code == "DAYS" else str(CEILINGS.get(RetentionCode(code), "")))
        assert hold == str(FLOORS.get(RetentionCode(code), ""))


def test_the_vectors_of_canonical_json_hold() -> None:
    rows = re.findall(r"^\| .* \| `(.*)` \| `([0-9a-f]{64})` \|$", CANONICAL, re.MULTILINE)
    assert len(rows) == 3
    for form, expected in rows:
        assert hashlib.sha256(form.encode()).hexdigest() == expected
    assert canonical({"😀": 1, "\ufb33": 1, "ö": 1, "1": 1}).decode() == rows[2][0]
    assert canonical("\b\x0fA").decode() == rows[1][0]
    assert digest({"b": 1, "a": [None, True]}) in CANONICAL
