"""In whose name the command line acts: an operator at the machine, so the ledger tells it from the API's callers."""

from __future__ import annotations

import os
from datetime import timedelta

from api.cli.parts import Parts
from api.journal import LedgerJournal
from api.settings import Settings
from catalog import Catalog
from consent import Actor, ConsentService, Registrar
from gate.registering import SubjectDesk
from lineage import Actor as LedgerActor
from lineage import Role

BY = Actor("operator", "command_line")
LEDGER_BY = LedgerActor(Role.OPERATOR, "command_line")


def deletion_due(settings: Settings) -> timedelta:
    """How long recipients have to delete what they hold."""
    return timedelta(days=settings.lineage.deletion_days)


def registrar(parts: Parts) -> Registrar:
    """The registrar on the ledger."""
    return Registrar(LedgerJournal(parts.keys.mac), rows=parts.keys.rows)


def desk(parts: Parts, catalog: Catalog) -> SubjectDesk:
    """The desk that registers data subjects."""
    consent = ConsentService(LedgerJournal(parts.keys.mac), rows=parts.keys.rows, entropy=os.urandom)
    return SubjectDesk(parts.keys, catalog, consent)
