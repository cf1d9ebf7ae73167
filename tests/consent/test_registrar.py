"""The register: versions, epochs, tenants and what the ledger hears of them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from catalog import LawfulBasis, ReleaseForm
from consent import (
    Actor,
    AlreadyRegisteredError,
    BilingualText,
    CeilingField,
    Client,
    ClientNotFoundError,
    ClientStatus,
    InvalidValueError,
    Override,
    OverrideName,
    Party,
    PartyNotFoundError,
    Purpose,
    PurposeNotFoundError,
    Tenant,
    TenantNotFoundError,
    TransferMechanism,
    begin_change,
    end_change,
    find_current,
    list_current,
    list_versions,
    load_registry,
    read_epoch,
)
from tests.consent.world import ROWS, START, STEWARD, World, client, party, purpose

ABSENT = {Party: PartyNotFoundError, Client: ClientNotFoundError, Purpose: PurposeNotFoundError}


async def change(world: World, operation: str, value):
    async with world.database.transaction() as tx:
        return await getattr(world.registrar, operation)(tx.connection, value, by=STEWARD, now=world.now)


async def test_a_snapshot_holds_everything_at_its_epoch(world: World) -> None:
    registry = await world.ask(load_registry, ROWS)
    assert registry.epoch == await world.ask(read_epoch) == 11
    assert sorted(registry.tenants) == ["group", "other"]
    assert registry.parties["group", "lender"] == party()
    assert registry.clients["group", "scorer"] == client()
    assert registry.purposes["group", "credit_scoring"] == purpose()
    assert registry.notices["group", "scoring_notice"] == world.notice
    assert registry.in_force["group", "credit_scoring"] == world.notice
    with pytest.raises(TypeError):
        registry.parties["group", "lender"] = party()


@pytest.mark.parametrize(
    ("operation", "value", "kind"),
    [
        ("update_party", party(region="HK", transfer=TransferMechanism.CERTIFICATION), Party),
        ("update_client", client(status=ClientStatus.SUSPENDED), Client),
        ("update_purpose", purpose(max_form=ReleaseForm.FLAG), Purpose),
    ],
)
async def test_an_update_is_a_new_version_at_a_higher_epoch(world: World, operation, value, kind) -> None:
    before = await world.ask(load_registry, ROWS)
    done = await change(world, operation, value)
    assert (done.version, done.epoch) == (2, before.epoch + 1)
    assert (await world.ask(list_versions, "group", kind, value.name))[-1] == value
    assert await world.ask(find_current, "group", kind, value.name) == value
    event = world.journal.events[-1]
    assert event.kind == operation.removeprefix("update_") + ".updated"
    assert (event.epoch, event.subject, event.detail["version"]) == (done.epoch, None, 2)
    assert done.entries == (len(world.journal.events),)


@pytest.mark.parametrize(
    ("operation", "value", "error"),
    [
        ("register_tenant", Tenant(name="group", title=BilingualText("集团", "Group")), AlreadyRegisteredError),
        ("register_party", party(), AlreadyRegisteredError),
        ("register_party", replace(party(), tenant="nobody"), TenantNotFoundError),
        ("update_party", party("no_such"), PartyNotFoundError),
        ("register_client", client(), AlreadyRegisteredError),
        ("register_client", client(name="new", party="no_such"), PartyNotFoundError),
        ("register_client", client(name="new", purposes=("no_such",)), PurposeNotFoundError),
        ("register_client", client(name="new", tenant="other"), PartyNotFoundError),
        ("update_client", client(name="no_such"), ClientNotFoundError),
        ("register_purpose", purpose(), AlreadyRegisteredError),
        ("register_purpose", purpose(tenant="nobody"), TenantNotFoundError),
        ("update_purpose", purpose(name="no_such"), PurposeNotFoundError),
        ("update_purpose", purpose(tenant="other"), PurposeNotFoundError),
    ],
)
async def test_a_change_that_does_not_fit_changes_nothing(world: World, operation, value, error) -> None:
    before = await world.ask(load_registry, ROWS)
    with pytest.raises(error):
        await change(world, operation, value)
    assert await world.ask(load_registry, ROWS) == before


async def test_another_tenants_things_count_as_absent(world: World) -> None:
    for kind, name in ((Party, "lender"), (Client, "scorer"), (Purpose, "credit_scoring")):
        assert (await world.ask(list_current, "other", kind)).items == ()
        for tenant, asked in (("other", name), ("group", "no_such"), ("group", "\x00 or 110101199003078515")):
            for question in (find_current, list_versions):
                with pytest.raises(ABSENT[kind]) as caught:
                    await world.ask(question, tenant, kind, asked)
                assert "1101" not in str(caught.value)


async def test_current_things_come_in_pages(world: World) -> None:
    first = await world.ask(list_current, "group", Party, limit=3)
    rest = await world.ask(list_current, "group", Party, after=first.after, limit=3)
    assert [held.name for held in (*first.items, *rest.items)] == ["bureau", "helper", "lender", "shop"]
    assert rest.after is None


async def test_the_ledger_hears_closed_values_only(world: World) -> None:
    approved = Override(OverrideName.SEPARATE_ON_CONSENT_ONLY, "dpo_one", "minutes of the board")
    spoken = purpose(name="pricing", basis=LawfulBasis.CONTRACT, basis_ref="contract 7", overrides=(approved,))
    await change(world, "register_purpose", spoken)
    event = world.journal.events[-1]
    assert event.detail["overrides"] == [{"name": "separate_on_consent_only", "approved_by": "dpo_one"}]
    assert (event.detail["basis"], event.detail["basis_ref"]) == ("contract", True)
    told = str([held.detail for held in world.journal.events])
    for text in ("board", "contract 7", "pia_1", "lender.example", "Some lender", "某贷", "评分"):
        assert text not in told
    kinds = [held.kind for held in world.journal.events]
    assert kinds[:3] == ["tenant.registered", "tenant.registered", "party.registered"]
    assert kinds[-3:] == ["notice.published", "notice.published", "purpose.registered"]


async def test_other_changes_of_configuration_raise_the_epoch_too(world: World) -> None:
    async with world.database.transaction() as tx:
        assert await begin_change(tx.connection, ROWS) == 12
        await end_change(tx.connection, ROWS)
    assert await world.ask(read_epoch) == 12


def test_ends_are_judged_by_the_callers_clock() -> None:
    later = START + timedelta(days=1)
    held = party(contract_ends=later, transfer=TransferMechanism.ASSESSMENT, transfer_expires=later)
    assert (held.has_ended(START), held.has_ended(later)) == (False, True)
    assert (held.transfer_at(START), held.transfer_at(later)) == (TransferMechanism.ASSESSMENT, TransferMechanism.NONE)
    assert (purpose(pipia_expires=later).pipia_at(START), purpose(pipia_expires=later).pipia_at(later)) == (
        "live",
        "expired",
    )
    assert purpose(pipia=None).pipia_at(START) == purpose(pipia_expires=None).pipia_at(START) == "missing"


def test_only_a_complete_statement_makes_a_field_necessary() -> None:
    half = (CeilingField("zhima_score", BilingualText("评分", "")), CeilingField("bank_statement"))
    assert purpose(ceiling=half).necessary == frozenset()
    assert purpose(ceiling=half).fields == {"zhima_score", "bank_statement"}


FAULTS = {
    "name with digits": lambda: party("p13800138000"),
    "region": lambda: party(region="China"),
    "contact": lambda: replace(party(), contact=" "),
    "contact not UTF-8": lambda: replace(party(), contact="\ud800"),
    "transfer reference": lambda: party(transfer_ref=""),
    "naive time": lambda: party(contract_ends=datetime(2027, 1, 1)),  # noqa: DTZ001  # the fault under test
    "product twice": lambda: client(products=("a", "a")),
    "no methods": lambda: purpose(methods=()),
    "revision": lambda: purpose(revision=0),
    "no days": lambda: purpose(max_grant_days=0),
    "assessment": lambda: purpose(pipia=""),
    "override reference": lambda: Override(OverrideName.SEPARATE_ON_CONSENT_ONLY, "dpo_one", ""),
    "actor role": lambda: Actor("Some Person", "x"),
    "actor id": lambda: Actor("steward", ""),
}


@pytest.mark.parametrize("make", FAULTS.values(), ids=FAULTS.keys())
def test_a_malformed_value_cannot_be_made(make) -> None:
    with pytest.raises(InvalidValueError):
        make()
