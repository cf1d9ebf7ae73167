"""What the nightly audit found, over HTTP: as auditors know people, of the tenant, and on record."""

import pytest
from sqlalchemy import text

from api.auditing.keeping import record_audit
from api.auditing.running import audit
from consent import Registrar, SubjectId, Tenant, find_subject
from lineage import Actor, Role, check
from tests.api.routes.conftest import Lender
from tests.owner import Owner
from tests.world import BOTH, STEWARD

BY = Actor(Role.OPERATOR, "operator_one")


async def audited(lender: Lender, tenant: str | None = None) -> int:
    """Run an audit as `yumen audit` does."""
    world = lender.world
    async with world.database.snapshot() as tx:
        checked = await check(tx.connection, tenant=tenant, check_mac=world.keys.check_mac)
        report = await audit(tx.connection, world.keys, tenant=tenant)
    async with world.database.transaction() as tx:
        return await record_audit(tx, world.keys, BY, tenant, (report, checked))


@pytest.fixture
def owner(database_url: str) -> Owner:
    return Owner(database_url)


async def test_an_audit_that_finds_nothing_says_what_it_compared(lender: Lender) -> None:
    assert (await lender.call("auditor", "GET", "/v1/audits")).json() == {"audits": [], "next": None}
    entry = await audited(lender)
    (found,) = (await lender.call("auditor", "GET", "/v1/audits")).json()["audits"]
    assert (found["entry"], found["scope"], found["agrees"]) == (str(entry), "deployment", True)
    assert (found["subjects"], found["difference_count"], found["differences"]) == (2, 0, [])
    assert (found["ledger"]["sound"], found["ledger"]["faults"]) == (True, [])
    asked = (await lender.call("auditor", "GET", "/v1/entries", params={"kind": "ledger.queried"})).json()["entries"]
    assert [each["filter"] for each in asked] == [{"of": "audits"}] * 2


async def test_a_row_changed_by_hand_is_named_as_auditors_know_the_person(lender: Lender, owner: Owner) -> None:
    who = lender.world.subjects[0]
    await lender.subject("POST", "/v1/grants", lender.grant(), name=who)
    await audited(lender)
    await owner.run("UPDATE consent_subjects SET age_band = 'minor' WHERE ref = $1", who)
    await audited(lender)
    answer = await lender.call("auditor", "GET", "/v1/audits")
    newest, before = answer.json()["audits"]
    async with lender.world.database.reading() as tx:
        name = (await find_subject(tx.connection, SubjectId("lender", who))).pseudonym
    assert (newest["agrees"], before["agrees"]) == (False, True)
    assert newest["differences"] == [{"table": "consent_subjects", "row": name, "what": "mac"}]
    assert who not in answer.text


async def test_pages_go_from_the_newest_to_the_oldest(lender: Lender) -> None:
    entries = [str(await audited(lender)) for _ in range(3)]
    first = (await lender.call("auditor", "GET", "/v1/audits", params={"limit": 2})).json()
    rest = (await lender.call("auditor", "GET", "/v1/audits", params={"cursor": first["next"]})).json()
    assert [each["entry"] for each in (*first["audits"], *rest["audits"])] == entries[::-1]
    assert rest["next"] is None
    wrong = await lender.call("auditor", "GET", "/v1/audits", params={"cursor": "x-1"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "lineage/cursor_invalid")


async def test_of_other_tenants_rows_an_auditor_sees_nothing(lender: Lender) -> None:
    world = lender.world
    async with world.database.transaction() as tx:
        registrar: Registrar = world.registrar
        await registrar.register_tenant(tx.connection, Tenant(name="other", title=BOTH), by=STEWARD, now=tx.now)
    own, other, whole = await audited(lender, "lender"), await audited(lender, "other"), await audited(lender)
    shown = {each["entry"]: each for each in (await lender.call("auditor", "GET", "/v1/audits")).json()["audits"]}
    assert list(shown) == [str(whole), str(own)]
    assert str(other) not in shown
    assert (shown[str(whole)]["differences"], shown[str(whole)]["ledger"]["faults"]) == (None, None)
    assert (shown[str(own)]["scope"], shown[str(own)]["differences"]) == ("tenant", [])


async def test_only_the_newest_results_are_kept(lender: Lender) -> None:
    await audited(lender)
    async with lender.world.database.transaction() as tx:
        numbers = [{"n": -number} for number in range(1, 1000)]
        made = "INSERT INTO api_audits (tenant, entry, at_us, agrees, document) VALUES ('*', :n, 0, TRUE, '{}')"
        await tx.connection.execute(text(made), numbers)
    await audited(lender)
    async with lender.world.database.reading() as tx:
        rows = (await tx.connection.execute(text("SELECT count(*), min(entry) FROM api_audits"))).one()
    assert tuple(rows) == (1000, -998)
