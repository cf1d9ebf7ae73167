"""Witnesses cosign what only grew; what they say is checked; those that fail delay nobody."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.database import Database
from api.sequencing import _post
from lineage.log import Asking, FolderSource, Note, Trust, verify
from lineage.log.errors import KeyTextError, WitnessQuorumError
from lineage.log.witness import Witness
from tests.lineage.log import logs
from tests.lineage.log.running import KEY, ORIGIN, SIGNER, Watcher, catch_up, sequencer, write
from tests.lineage.log.witnesses import Known, WitnessServer, serving


@pytest.fixture
def witness() -> Iterator[WitnessServer]:
    with serving(WitnessServer(logs={ORIGIN: Known(KEY)})) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5) as opened:
        yield opened


def asking(client: httpx.AsyncClient, *servers: WitnessServer) -> list[Asking]:
    return [Asking(each.witness, _post(client)) for each in servers]


def note_of(folder: Path) -> Note:
    return Note.parse((folder / "checkpoint").read_bytes())


async def logged(database: Database, folder: Path, count: int, **options: Any) -> Watcher:
    """Log `count` more entries."""
    watcher = Watcher()
    await write(database, count)
    await sequencer(database, folder, watcher, witness_s=5.0, **options).lead(until_caught_up=True)
    return watcher


async def test_a_witness_follows_a_growing_log_through_consistency_proofs(
    database: Database, tmp_path: Path, witness: WitnessServer, client: httpx.AsyncClient
) -> None:
    folder = tmp_path / "log"
    for count in (1, 6, 249, 1, 256, 300):
        watcher = await logged(database, folder, count, witnesses=asking(client, witness))
        assert watcher.witnesses == [(witness.name, None)]
        note_of(folder).verified_by([witness.key])
    assert witness.logs[ORIGIN].size == 813
    assert witness.answers == [200] * 6  # what was published says how far the witness had come
    report = verify(FolderSource(folder), Trust(KEY, (witness.key,), quorum=1))
    assert report.is_sound
    assert report.cosigned == 1


async def test_a_log_that_forgot_how_far_a_witness_was_asks_once_more(
    database: Database, tmp_path: Path, witness: WitnessServer, client: httpx.AsyncClient
) -> None:
    await logged(database, tmp_path / "log", 5, witnesses=asking(client, witness))
    await logged(database, tmp_path / "log", 5)
    watcher = await logged(database, tmp_path / "log", 5, witnesses=asking(client, witness))
    assert watcher.witnesses == [(witness.name, None)]
    assert witness.answers == [200, 409, 200]


async def test_history_that_was_rewritten_gets_no_cosignature(
    database: Database, tmp_path: Path, witness: WitnessServer, client: httpx.AsyncClient
) -> None:
    other = logs.written(tmp_path / "other", logs.bodies(10))
    await logged(database, tmp_path / "log", 20, witnesses=asking(client, witness))
    witness.logs[ORIGIN].root = bytes(32)  # as if it had seen another log
    watcher = await logged(database, tmp_path / "log", 20, witnesses=asking(client, witness))
    assert watcher.witnesses == [(witness.name, "refused")]
    assert witness.answers[-1] == 422
    witness.logs[ORIGIN].size = 1000  # as if it had seen a longer one
    watcher = await logged(database, tmp_path / "log", 1, witnesses=asking(client, witness))
    assert watcher.witnesses == [(witness.name, "saw_another_log")]
    assert other.exists()


@pytest.mark.parametrize(
    ("mood", "code"),
    [("breaks", "refused"), ("forges", "malformed"), ("babbles", "malformed"), ("gone", "unreachable")],
)
async def test_a_witness_that_fails_delays_nobody_and_is_not_believed(
    mood: str, code: str, tmp_path: Path, sqlite_database: Database, client: httpx.AsyncClient
) -> None:
    with serving(WitnessServer(logs={ORIGIN: Known(KEY)}, mood=mood)) as witness:
        if mood == "gone":
            witness.port = 1
        asked = asking(client, witness)
        watcher = await logged(sqlite_database, tmp_path / "log", 5, witnesses=asked)
        again = await logged(sqlite_database, tmp_path / "log", 5, witnesses=asked)
    assert watcher.witnesses == [(witness.name, code)]
    assert again.witnesses == []  # it rests
    assert len(note_of(tmp_path / "log").signatures) == 1
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY)).is_sound


async def test_a_witness_that_does_not_know_the_log_or_its_key_refuses(
    sqlite_database: Database, tmp_path: Path, client: httpx.AsyncClient
) -> None:
    stranger = type(KEY)(ORIGIN, 1, bytes(32))
    for known, status in (({}, 404), ({ORIGIN: Known(stranger)}, 403)):
        with serving(WitnessServer(logs=dict(known))) as witness:
            watcher = await logged(sqlite_database, tmp_path / "log", 3, witnesses=asking(client, witness))
        assert watcher.witnesses == [(witness.name, "refused")]
        assert witness.answers == [status]


async def test_a_slow_witness_is_not_waited_for(
    sqlite_database: Database, tmp_path: Path, client: httpx.AsyncClient
) -> None:
    with serving(WitnessServer(logs={ORIGIN: Known(KEY)}, delay_s=1.0)) as witness:
        await write(sqlite_database, 3)
        watcher = Watcher()
        made = sequencer(sqlite_database, tmp_path / "log", watcher, witnesses=asking(client, witness), witness_s=0.1)
        await made.lead(until_caught_up=True)
    assert watcher.witnesses == [(witness.name, "late")]
    assert watcher.sizes == [3]


async def test_a_quorum_that_is_required_holds_the_checkpoint_back(
    sqlite_database: Database, tmp_path: Path, client: httpx.AsyncClient
) -> None:
    first, second = WitnessServer(logs={ORIGIN: Known(KEY)}), WitnessServer("witness.example/w2", mood="breaks")
    second.logs[ORIGIN] = Known(KEY)
    with serving(first), serving(second):
        asked = asking(client, first, second)
        await write(sqlite_database, 3)
        with pytest.raises(WitnessQuorumError, match="1 witnesses cosigned, 2 are required"):
            await catch_up(sqlite_database, tmp_path / "log", witnesses=asked, quorum=2, witness_s=5.0)
        assert not (tmp_path / "log" / "checkpoint").exists()
        second.mood = ""
        assert await catch_up(sqlite_database, tmp_path / "log", witnesses=asked, quorum=2, witness_s=5.0) == 3
    trusted = (first.key, second.key)
    assert len(note_of(tmp_path / "log").verified_by([KEY, *trusted])) == 3
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY, trusted, quorum=2)).is_sound
    stranger = WitnessServer("witness.example/w3").key
    report = verify(FolderSource(tmp_path / "log"), Trust(KEY, (first.key, stranger), quorum=2))
    assert [fault.code.value for fault in report.faults] == ["checkpoint/witnesses"]


def test_only_a_cosignature_key_names_a_witness() -> None:
    with pytest.raises(KeyTextError, match="0x04"):
        Witness.of(KEY.text, "http://127.0.0.1")
    assert SIGNER.public_key == KEY.public
