"""A sequencer in a process of its own: ``python -m tests.lineage.log.child URL FOLDER [once]``.

With ``once`` it ends when it has caught up, or says on which code it failed.
"""

import asyncio
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.database import Database
from lineage import LineageError
from tests.lineage.log.running import Watcher, sequencer


class Telling(Watcher):
    """Says on standard output what happens."""

    def published(self, size: int, *, delay_s: float) -> None:
        del delay_s
        print("published", size, flush=True)  # noqa: T201

    def failed(self, code: str, error: BaseException) -> None:
        del error
        print("failed", code, flush=True)  # noqa: T201


async def main(url: str, folder: Path, *, once: bool) -> int:
    database = Database.open(url)
    made = sequencer(database, folder, Telling(), batch=7 if once else 64)
    try:
        if once:
            await made.lead(until_caught_up=True)
        else:
            await made.run()
    except LineageError as error:
        print("failed", error.code, flush=True)  # noqa: T201
        return 1
    except SQLAlchemyError:
        print("failed database", flush=True)  # noqa: T201
        return 1
    finally:
        await database.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), once=sys.argv[3:] == ["once"])))
