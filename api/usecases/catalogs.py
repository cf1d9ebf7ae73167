"""The catalogue in force, read once per revision, and its change by a tenant's steward.

Rules:
- which revision is in force is asked of the database every time; only the content of a revision, which can never
  change, is kept;
- a tenant changes its own views only; the configuration epoch is raised first, so changes queue and none is lost;
- the change stands in the ledger twice: for the deployment, and in the tenant's own stream for its auditors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import ProblemError
from catalog import Catalog, FeatureView
from catalog.store import current_revision, load, save
from consent import Actor, RowSealer, Tenant, begin_change, end_change, find_current
from lineage import DEPLOYMENT, EntryDraft, Kind, Mac, Role, append
from lineage import Actor as LedgerActor


class FieldNotFoundError(ProblemError):
    """The catalogue has no such field."""

    def __init__(self, name: str) -> None:
        super().__init__("catalog/field_not_found", field=name)


class Catalogs:
    """Gives the catalogue in force; keeps the last revision it read."""

    def __init__(self) -> None:
        self._kept = Catalog.builtin()

    async def current(self, connection: AsyncConnection) -> Catalog:
        """The catalogue in force; the shipped one if none was ever saved.

        Raises: CatalogDocumentError: the stored document is damaged.
        """
        revision = await current_revision(connection)
        if revision is None:
            return Catalog.builtin()
        if revision != self._kept.revision:
            self._kept = await load(connection, revision)
        return self._kept


@dataclass(frozen=True, slots=True)
class LoadedViews:
    """A tenant's views put in force: the catalogue's revision, the configuration's epoch, the ledger entries."""

    revision: str
    epoch: int
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Authority:
    """In whose name, when and with which keys, of the ledger and of rows, a change of the catalogue is made."""

    by: Actor
    now: datetime
    mac: Mac
    rows: RowSealer


async def put_views(
    connection: AsyncConnection, catalogs: Catalogs, tenant: str, views: Sequence[FeatureView], authority: Authority
) -> LoadedViews:
    """Make these the tenant's feature views, all of them, in the caller's transaction.

    Raises: TenantNotFoundError; CatalogValueError: the views do not fit the fields; RowTamperedError.
    """
    epoch = await begin_change(connection, authority.rows)
    await find_current(connection, tenant, Tenant, tenant)
    changed = (await catalogs.current(connection)).with_views(tenant, views)
    revision = await save(connection, changed, authority.now)
    actor = LedgerActor(Role(authority.by.role), authority.by.id)
    drafts = [
        EntryDraft(
            Kind.CATALOGUE_LOADED,
            DEPLOYMENT,
            actor,
            about=revision,
            parts={"catalog": revision, "epoch": epoch, "fields": len(changed.fields), "views": len(changed.views)},
        ),
        *(
            EntryDraft(
                Kind.VIEW_LOADED,
                tenant,
                actor,
                about=view.name,
                parts={"catalog": revision, "epoch": epoch, "features": [feature.name for feature in view.features]},
            )
            for view in sorted(views, key=lambda view: view.name)
        ),
    ]
    entries = await append(connection, drafts, now=authority.now, mac=authority.mac)
    await end_change(connection, authority.rows, max(entries))
    return LoadedViews(revision, epoch, tuple(entries))
