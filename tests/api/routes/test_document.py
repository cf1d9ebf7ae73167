"""docs/api.md names every route with the roles that may call it."""

import re
from pathlib import Path

import yaml

from api.app import create_app
from api.problems import KINDS
from api.settings import Settings
from tests.api.routes.samples import operations
from tests.api.routes.test_roles import GOLDEN, ROLES

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
ROWS = {
    way: (roles, problems)
    for way, roles, problems in re.findall(
        r"^\| `([A-Z]+ /(?:api/)?v1/[^`]+)` \| ([^|]+) \| [^|]+ \|([^|]*)\|$", PAGE, re.MULTILINE
    )
}


def test_every_route_stands_in_the_document(embedded: Settings) -> None:
    assert ROWS.keys() == {" ".join(way) for way in operations(create_app(embedded).openapi())}


def test_the_document_names_the_roles_of_the_table() -> None:
    table = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))
    for way, (said, _) in ROWS.items():
        may = [role for role in ROLES if table[way][role] not in {401, 403}]
        guarded = any("second factor" in caller for caller in table[way])
        wanted = "every role" if len(may) == len(ROLES) else ", ".join(may)
        assert said == wanted + (" with a second factor" if guarded else ""), way


def test_the_problems_it_names_exist() -> None:
    named = {code for _, problems in ROWS.values() for code in re.findall(r"`([a-z]+/[a-z_]+)`", problems)}
    assert named
    assert named <= KINDS.keys()
