"""Codes of rows: the published bytes, the published order, the gate's own reading of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rows import epoch_row, grant_row, held_line, held_text, subject_row, thing_row
from consent.tables import EPOCH, GRANTS, REGISTRY, SUBJECTS
from tests.consent.world import World
from vault import ROW_MAC_BYTES, RowKeys, SecretBytes
from vault.store.budgets import budget_row
from vault.store.tokens import token_row

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "rows" / "row-mac.json").read_text())
KEYS = RowKeys({int(version): SecretBytes(bytes.fromhex(key)) for version, key in VECTORS["keys"].items()})
WRITERS = {
    "consent_grants": grant_row,
    "consent_subjects": subject_row,
    "consent_registry": thing_row,
    "vault_privacy_budgets": budget_row,
    "vault_tokens": token_row,
}
CASES = VECTORS["rows"]
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


def written(case: Any) -> bytes:
    if case["table"] == "consent_epoch":
        seals = [(*seal[:4], bytes.fromhex(seal[4])) for seal in case["seals"]]
        return epoch_row(case["row"], case["catalog"], seals)
    return WRITERS[case["table"]](case["row"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["table"])
def test_the_published_rows_have_the_published_codes(case: Any) -> None:
    assert written(case).decode() == case["message"]
    mac = KEYS.seal(case["domain"], case["message"].encode())
    assert mac.hex() == case["mac"]
    assert len(mac) == ROW_MAC_BYTES
    assert KEYS.holds(case["domain"], case["message"].encode(), mac)


def test_a_code_holds_for_its_own_row_domain_and_key_only() -> None:
    case = CASES[0]
    message, mac = case["message"].encode(), bytes.fromhex(case["mac"])
    domain = case["domain"]
    older = RowKeys({1: SecretBytes(bytes.fromhex(VECTORS["keys"]["1"]))})
    assert KEYS.holds(domain, message, older.seal(domain, message))
    assert not older.holds(domain, message, mac)  # sealed under version 2
    for wrong in (mac[:-1] + bytes([mac[-1] ^ 1]), mac[:-1], mac + b"\0", b"", b"\2" + mac[1:], None, "text", 5):
        assert not KEYS.holds(domain, message, wrong)
    assert not KEYS.holds(domain, message + b" ", mac)
    assert not KEYS.holds("yumen/subject/1", message, mac)
    assert "revealed" not in repr(KEYS)


def test_the_list_of_grants_is_the_published_one() -> None:
    for case in VECTORS["held"]:
        grants = [(purpose, recipient, bytes.fromhex(mac)) for purpose, recipient, mac in case["grants"]]
        assert held_text(grants) == case["held"]


@given(st.lists(st.tuples(names, names, st.binary(min_size=38, max_size=38)), max_size=6))
def test_the_list_of_grants_does_not_depend_on_their_order_and_shows_each(
    grants: list[tuple[str, str, bytes]],
) -> None:
    text = held_text(grants)
    assert text == held_text(grants[::-1])
    for purpose, recipient, _ in grants:
        same = [mac for *scope, mac in grants if scope == [purpose, recipient]]
        assert held_line(purpose, recipient, same) + ";" in text
    assert text.count("=") == len({grant[:2] for grant in grants})


async def test_every_column_stands_in_the_message_of_its_row(world: World) -> None:
    """A column added to a table without its code would be free to edit."""
    await world.give()
    async with world.database.reading() as tx:
        for table, write in ((GRANTS, grant_row), (SUBJECTS, subject_row), (REGISTRY, thing_row)):
            row = dict((await tx.connection.execute(table.select().limit(1))).mappings().one())
            before = write(row)
            for column in table.c:
                if column.name != "mac":
                    value = row[column.name]
                    other = not value if isinstance(value, bool) else 7 if isinstance(value, int) else f"{value}x"
                    assert write({**row, column.name: other}) != before, column
    assert {column.name for column in EPOCH.c} == {"id", "epoch", "told", "mac"}
