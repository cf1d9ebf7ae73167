"""Every way the vault refuses, as one small tree of typed errors.

Rules:
- one root, `VaultError`; each leaf has a stable `code`;
- attributes say which kind, field, version or file is meant, never a value, a key or part of one;
- a ciphertext that does not open says only that: wrong key, other subject, other field and altered
  bytes are one error, so that an answer teaches an attacker nothing.
"""

from collections.abc import Sequence
from typing import ClassVar


class VaultError(Exception):
    """Root of all refusals of the vault."""

    code: ClassVar[str] = "vault/error"


class UnknownVersionError(VaultError):
    """The first byte names a format this release does not know."""

    code: ClassVar[str] = "vault/unknown_version"

    def __init__(self, version: int) -> None:
        super().__init__(f"format version {version} is not known")
        self.version = version


class UnknownSuiteError(VaultError):
    """The suite byte names a cipher suite this release or deployment does not have."""

    code: ClassVar[str] = "vault/unknown_suite"

    def __init__(self, suite: int) -> None:
        super().__init__(f"cipher suite {suite} is not available")
        self.suite = suite


class UnknownKeyError(VaultError):
    """The key id names a key that is not loaded: never made here, or retired."""

    code: ClassVar[str] = "vault/unknown_key"

    def __init__(self, key_id: int) -> None:
        super().__init__(f"key {key_id} is not known or is retired")
        self.key_id = key_id


class TruncatedError(VaultError):
    """The bytes end before the header and tag are complete."""

    code: ClassVar[str] = "vault/truncated"

    def __init__(self, size_b: int) -> None:
        super().__init__(f"{size_b} bytes are too few")
        self.size_b = size_b


class TamperedError(VaultError):
    """The bytes do not open under this key for this place; no more is said."""

    code: ClassVar[str] = "vault/tampered"

    def __init__(self) -> None:
        super().__init__("does not open")


class TooLargeError(VaultError):
    """The value is longer than the vault seals in one piece."""

    code: ClassVar[str] = "vault/too_large"

    def __init__(self, size_b: int, limit_b: int) -> None:
        super().__init__(f"{size_b} bytes, the limit is {limit_b}")
        self.size_b = size_b
        self.limit_b = limit_b


class EntropyError(VaultError):
    """The entropy source gave fewer or more bytes than asked."""

    code: ClassVar[str] = "vault/entropy"

    def __init__(self, asked_b: int, got_b: int) -> None:
        super().__init__(f"asked {asked_b} random bytes, got {got_b}")
        self.asked_b = asked_b
        self.got_b = got_b


class KeyMissingError(VaultError):
    """A key that should be there is not: destroyed with its subject, or never made."""

    code: ClassVar[str] = "vault/key_missing"

    def __init__(self, what: str) -> None:
        super().__init__(f"no {what}")
        self.what = what


class UnknownKindError(VaultError):
    """The kind of identifier is not one the vault has a canonical form for."""

    code: ClassVar[str] = "vault/unknown_kind"

    def __init__(self) -> None:
        super().__init__("not a kind of identifier")


class NotAnIdentifierError(VaultError):
    """The value is not an identifier of its kind; `fault` says what is wrong, never the value."""

    code: ClassVar[str] = "vault/not_an_identifier"

    def __init__(self, kind: str, fault: str) -> None:
        super().__init__(f"not a {kind}: {fault}")
        self.kind = kind
        self.fault = fault


class IdentifierTakenError(VaultError):
    """The identifier belongs to another subject of the tenant already."""

    code: ClassVar[str] = "vault/identifier_taken"

    def __init__(self, field: str) -> None:
        super().__init__(f"the {field} belongs to another subject")
        self.field = field


class TokenNotFoundError(VaultError):
    """No such token for this tenant and recipient; malformed and foreign tokens look the same."""

    code: ClassVar[str] = "vault/token_not_found"

    def __init__(self) -> None:
        super().__init__("no such token")


class RootKeyError(VaultError):
    """Root of the refusals of root key providers."""

    code: ClassVar[str] = "vault/root_key"


class RootKeyMissingError(RootKeyError):
    """There is no root key where the settings say."""

    code: ClassVar[str] = "vault/root_key_missing"


class RootKeyExposedError(RootKeyError):
    """Others than the service's own user could read or replace the root key."""

    code: ClassVar[str] = "vault/root_key_exposed"


class RootKeyMalformedError(RootKeyError):
    """What stands where the root key should be is not one."""

    code: ClassVar[str] = "vault/root_key_malformed"


class RootKeyUnavailableError(RootKeyError):
    """The root key cannot be reached now."""

    code: ClassVar[str] = "vault/root_key_unavailable"


class WrongRootKeyError(RootKeyError):
    """The stored keys were wrapped by another root key than the one configured."""

    code: ClassVar[str] = "vault/wrong_root_key"


class KmsError(RootKeyError):
    """Root of the refusals of key management systems; messages name provider and key, never what was sent or said."""

    code: ClassVar[str] = "vault/kms"


class KmsUnavailableError(KmsError):
    """The key management system does not answer, answers too late, or says that it is out of order."""

    code: ClassVar[str] = "vault/kms_unavailable"


class KmsRefusedError(KmsError):
    """The key management system does not let this service do what it asks."""

    code: ClassVar[str] = "vault/kms_refused"


class KmsAnswerError(KmsError):
    """The key management system answered something that is no answer to what was asked."""

    code: ClassVar[str] = "vault/kms_answer"


class KmsKeyMissingError(KmsError):
    """There is no such key in the key management system; it is never made in silence."""

    code: ClassVar[str] = "vault/kms_key_missing"


class KeyDisabledError(KmsError):
    """The root key is switched off, or is to be destroyed: nothing under it may be used."""

    code: ClassVar[str] = "vault/key_disabled"


class ExtraMissingError(VaultError):
    """The provider's library is not installed; the message names the extra that brings it."""

    code: ClassVar[str] = "vault/extra_missing"

    def __init__(self, extra: str) -> None:
        super().__init__(f"this root key needs the extra `{extra}`: pip install 'yumen[{extra}]'")
        self.extra = extra


class KeyExhaustedError(VaultError):
    """A key has been used as often as it safely may be (SP 800-38D); rotate it."""

    code: ClassVar[str] = "vault/key_exhausted"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} has reached its limit of uses: rotate it")
        self.what = what


class KeyInUseError(VaultError):
    """A key version cannot be retired yet: it is the newest one, or something still needs it."""

    code: ClassVar[str] = "vault/key_in_use"


class KeyMovedError(VaultError):
    """The deployment's keys changed while something was written under the older ones; try again."""

    code: ClassVar[str] = "vault/key_moved"

    def __init__(self) -> None:
        super().__init__("the keys were rotated meanwhile: try again")


class DomainTooSmallError(VaultError):
    """Fewer than a million messages: format-preserving encryption of them could be listed and undone."""

    code: ClassVar[str] = "vault/domain_too_small"

    def __init__(self, radix: int, length: int) -> None:
        super().__init__(f"{length} numerals of radix {radix} are fewer than 1,000,000 messages")
        self.radix = radix
        self.length = length


class NotInDomainError(VaultError):
    """The number, numeral or tweak is outside what the cipher was set up for."""

    code: ClassVar[str] = "vault/not_in_domain"

    def __init__(self) -> None:
        super().__init__("not a message of this domain")


class NotTokenisableError(VaultError):
    """The value cannot become a token of this kind; `fault` says why, never the value."""

    code: ClassVar[str] = "vault/not_tokenisable"

    def __init__(self, kind: str, fault: str) -> None:
        super().__init__(f"no {kind} that can be tokenised: {fault}")
        self.kind = kind
        self.fault = fault


class TokenSpecError(VaultError):
    """A token kind is asked for with options that do not fit it."""

    code: ClassVar[str] = "vault/token_spec"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class TokenSuiteError(VaultError):
    """The suite of the newest token key has no algorithm for this kind of token."""

    code: ClassVar[str] = "vault/token_suite"

    def __init__(self, kind: str, suite: str) -> None:
        super().__init__(f"the suite {suite} has no {kind} tokens")
        self.kind = kind
        self.suite = suite


class ColumnTypeError(VaultError):
    """A column whose type cannot hold identifiers as they are written: numbers lose leading zeros."""

    code: ClassVar[str] = "vault/column_type"

    def __init__(self, found: str) -> None:
        super().__init__(f"a column of {found} cannot be tokenised; give it as text")
        self.found = found


class CellRefusedError(VaultError):
    """A cell has no token, and nobody asked for a list of them; `row` counts from 1, None where rows have no number."""

    code: ClassVar[str] = "vault/cell_refused"

    def __init__(self, column: str, fault: str, row: int | None = None) -> None:
        where = f"column {column}" if row is None else f"row {row}, column {column}"
        super().__init__(f"{where}: no token ({fault})")
        self.column = column
        self.fault = fault
        self.row = row


class BulkPlanError(VaultError):
    """A plan for whole files does not fit them or itself; `problems` name columns and options, never values."""

    code: ClassVar[str] = "vault/bulk_plan"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class BulkSourceError(VaultError):
    """A file or stream cannot be read as rows."""

    code: ClassVar[str] = "vault/bulk_source"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BulkTargetError(VaultError):
    """The folder for the result holds something else, or a run over another file or plan."""

    code: ClassVar[str] = "vault/bulk_target"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class TokensRefusedError(VaultError):
    """Tokens may not be made for this recipient, purpose or field."""

    code: ClassVar[str] = "vault/tokens_refused"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
