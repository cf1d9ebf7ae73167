"""Logs made without a database: sound histories of any length, written step by step."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from lineage import EntryTemplate
from lineage.log.folder import opened
from lineage.log.notes import Signer, VerifierKey
from tests.lineage import world
from tests.lineage.log.running import KEY, SIGNER


def history(subjects: int = 40) -> Iterator[bytes]:
    """Entry bodies without end: the configuration, a consent of each subject, then justified reads."""
    book = world.opening()
    for number in range(subjects):
        book.write(world.given(world.subject(number), number))
    yield from (str(row[13]).encode() for row in book.rows)
    template = EntryTemplate.of(world.CONTEXT, world.shape("bucket"), facts="3" * 64)
    place = 0
    while True:
        number, seq = place % subjects, 2 + place // subjects
        yield template.render(
            seq=seq,
            subject=world.subject(number),
            at=world.at(1),
            consent_version=1,
            grants=[(world.grant_id(number), 1)],
            commitment=b"\x07" * 32,
        )
        place += 1


def bodies(count: int, subjects: int = 40) -> list[bytes]:
    return list(islice(history(subjects), count))


def written(
    folder: Path,
    entries: Sequence[bytes],
    *,
    steps: Sequence[int] = (),
    key: VerifierKey = KEY,
    signer: Signer = SIGNER,
) -> Path:
    """Write a log, with a checkpoint at each of the sizes in `steps`."""
    with opened(folder, key) as writer:
        for size in steps or (len(entries),):
            staged = writer.stage(entries[writer.size : size])
            writer.publish(staged, staged.head.signed(signer))
    return folder
