"""Witnesses: others who confirm, by a dated signature, that the log they see only ever grew.

Rules enforced here:
- a request holds the size the witness last confirmed, the consistency proof from there, and the signed checkpoint;
- what a witness answers is believed only if its signature verifies under the key in the settings;
- 409 names the size the witness knows: it is asked once more from there. A size above our own, or another root at
  the same size, means that the witness saw a longer or another log: that is reported, and never argued with;
- a witness that fails is left alone for a while, so that it delays nobody.

Standard: C2SP tlog-witness, C2SP tlog-cosignature. Format: docs/formats/checkpoint.md.
"""

import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lineage.log.checkpoint import Checkpoint
from lineage.log.errors import KeyTextError, NoteMalformedError, NoteSignatureError
from lineage.log.notes import COSIGNATURE, Note, Signature, VerifierKey, read_signatures
from lineage.log.proofs import consistency_proof
from lineage.log.tree import TreeReader

Post: TypeAlias = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
REST_S: Final = 30.0
OK, CONFLICT = 200, 409
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness as the settings name it: its key, and the prefix its `add-checkpoint` is below."""

    key: VerifierKey
    url: str

    @classmethod
    def of(cls, key: str, url: str) -> "Witness":
        """Make a witness of its verifier key and URL. Raises: KeyTextError."""
        parsed = VerifierKey.parse(key)
        if parsed.algorithm != COSIGNATURE:
            raise KeyTextError("a witness's key has the type 0x04 (cosignature/v1)")
        return cls(parsed, url.rstrip("/"))


class WitnessFailure(Exception):  # noqa: N818 - stays inside this module and its tests
    """A witness gave no cosignature; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Asking:
    """One witness, and what is known of it."""

    def __init__(self, witness: Witness, post: Post) -> None:
        self.witness = witness
        self._post = post
        self._known = 0
        self._rests_until = 0.0

    def remember(self, note: Note, head: Checkpoint) -> None:
        """Learn from a published checkpoint how far this witness had come."""
        if self.confirmed(note):
            self._known = head.size

    def confirmed(self, note: Note) -> bool:
        """Whether a note carries this witness's cosignature."""
        try:
            return bool(note.verified_by([self.witness.key]))
        except NoteSignatureError:
            return False

    def is_resting(self, now_s: float) -> bool:
        """Whether it failed a short while ago."""
        return now_s < self._rests_until

    def rest(self, now_s: float) -> None:
        """Leave it alone for a while."""
        self._rests_until = now_s + REST_S

    async def ask(self, note: Note, head: Checkpoint, tree: TreeReader, *, now_s: float) -> tuple[Signature, ...]:
        """Ask for a cosignature. Raises: WitnessFailure."""
        try:
            return await self._ask(note, head, tree, may_retry=True)
        except WitnessFailure:
            self.rest(now_s)
            raise

    async def _ask(self, note: Note, head: Checkpoint, tree: TreeReader, *, may_retry: bool) -> tuple[Signature, ...]:
        body = request_body(self._known, consistency_proof(tree, self._known, head.size), note)
        try:
            status, answer = await self._post(f"{self.witness.url}/add-checkpoint", body)
        except (OSError, TimeoutError):
            raise WitnessFailure("unreachable") from None
        if status == CONFLICT:
            known = _SIZE.fullmatch(answer)
            if known is None or int(known[1]) > head.size or not may_retry or int(known[1]) == self._known:
                raise WitnessFailure("saw_another_log" if known else "malformed")
            self._known = int(known[1])
            return await self._ask(note, head, tree, may_retry=False)
        if status != OK:
            raise WitnessFailure("refused")
        found = self._believed(note, answer)
        self._known = head.size
        return found

    def _believed(self, note: Note, answer: bytes) -> tuple[Signature, ...]:
        try:
            given = [each for each in read_signatures(answer) if each.is_by(self.witness.key)]
            for signature in given:
                self.witness.key.verify(note.text, signature.data)
        except (NoteMalformedError, NoteSignatureError):
            raise WitnessFailure("malformed") from None
        if not given:
            raise WitnessFailure("malformed")
        return tuple(given[:1])


def request_body(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    """The body of `add-checkpoint`."""
    lines = "".join(f"{base64.b64encode(each).decode()}\n" for each in proof)
    return f"old {old}\n{lines}\n".encode() + note.data
