"""A process that loads a file and, if told so, is killed: ``python -m tests.gate.loading.child '<json>'``."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from api.database import Database
from api.journal import LedgerJournal
from catalog import Catalog, load_views
from consent import ConsentService
from gate.loading import LoadOptions, LoadProgress, PeopleLoad, ValuesLoad, load_people, load_values
from gate.registering import SubjectDesk
from tests.world import STEWARD, TENANT, VIEWS
from vault import FileRootKey, load_key_ring


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(order: dict[str, Any]) -> None:
    database = Database.open(order["url"])
    async with database.reading() as tx:
        keys = await load_key_ring(tx.connection, FileRootKey.open(Path(order["root"])))
    catalog = Catalog.builtin()
    catalog = catalog.with_views(TENANT, load_views(VIEWS, TENANT, catalog=catalog))
    consent = ConsentService(LedgerJournal(keys.mac), rows=keys.rows, entropy=os.urandom)
    desk = SubjectDesk(keys, catalog, consent)
    commits = 0

    def before_commit(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == order.get("before_commit"):
            die()

    def after_commit(progress: LoadProgress) -> None:
        if progress.rows_done >= order.get("after_rows", 10**9):
            die()

    event.listen(database.engine.sync_engine, "commit", before_commit)
    options = LoadOptions(batch_rows=order["batch_rows"], report=Path(order["report"]))
    path = Path(order["path"])
    if "output" in order:
        people = PeopleLoad(tenant=TENANT, by=STEWARD, output=Path(order["output"]), options=options)
        await load_people(database, desk, path, people, on_progress=after_commit)
    else:
        values = ValuesLoad(tenant=TENANT, view="behaviour", by=STEWARD, key_column="id_card_no", options=options)
        await load_values(database, desk, path, values, on_progress=after_commit)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
