"""From an identifier as written to what is stored: canonical form, ciphertext, blind index.

Rules:
- only the canonical form is sealed and indexed, so that all writings of an identifier are one;
- kinds that many people share (names, addresses, birth dates) are sealed and not indexed.
"""

from dataclasses import dataclass
from datetime import date

from vault.canonical import canonical_form
from vault.encoding import Entropy, system_entropy
from vault.keyring import KeyRing
from vault.kinds import IdentifierKind
from vault.secret import SecretText
from vault.subject_key import SubjectKey


@dataclass(frozen=True, slots=True)
class Identifier:
    """A checked identifier of a field; its text does not show in repr."""

    field: str
    kind: IdentifierKind
    text: SecretText


@dataclass(frozen=True, slots=True)
class SealedIdentifier:
    """One identifier ready to be stored.

    Attributes:
        digest: blind index of the canonical form; None keeps the value out of the index.
        is_exclusive: whether no other subject of the tenant may have the same value.
        also: entries under further index versions, while index keys are rotated.
    """

    subject: str
    field: str
    sealed: bytes
    digest: bytes | None = None
    is_exclusive: bool = False
    also: tuple[bytes, ...] = ()

    @property
    def digests(self) -> tuple[bytes, ...]:
        """Every entry of the index; none for what is not indexed."""
        return () if self.digest is None else (self.digest, *self.also)


def read_identifier(field: str, kind: IdentifierKind | str, value: object, *, today: date | None = None) -> Identifier:
    """Check a value and bring it to its canonical form.

    Raises: UnknownKindError, NotAnIdentifierError.
    """
    text = canonical_form(kind, value, today=today)
    return Identifier(field, IdentifierKind(kind), text)


def seal_identifier(
    ring: KeyRing, key: SubjectKey, identifier: Identifier, entropy: Entropy = system_entropy
) -> SealedIdentifier:
    """Seal an identifier under its subject's key and index it if its kind points to one person."""
    kind, field, text = identifier.kind, identifier.field, identifier.text
    return SealedIdentifier(
        subject=key.subject,
        field=field,
        sealed=key.seal(text.encode(), field, entropy),
        digest=ring.blind(key.tenant, field, text) if kind.is_lookup else None,
        is_exclusive=kind.is_exclusive,
        also=ring.blind_also(key.tenant, field, text) if kind.is_lookup else (),
    )
