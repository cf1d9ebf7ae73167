"""The vault: keys, ciphertexts, blind index, tokens and masks of personal data.

What it promises:
- nothing personal is stored in clear, hashed without a key, or shown by repr;
- a value opens only for its own tenant, subject and field, and no longer once the subject's key is gone;
- two recipients cannot join the tokens they hold.
"""

from vault.ages import AgeBand, age_band, full_years
from vault.canonical import canonical_form, passes_luhn
from vault.encoding import Entropy, system_entropy
from vault.errors import (
    BulkPlanError,
    BulkSourceError,
    BulkTargetError,
    ColumnTypeError,
    DomainTooSmallError,
    EntropyError,
    IdentifierTakenError,
    KeyMissingError,
    NotAnIdentifierError,
    NotInDomainError,
    NotTokenisableError,
    RootKeyError,
    RootKeyExposedError,
    RootKeyMalformedError,
    RootKeyMissingError,
    RootKeyUnavailableError,
    TamperedError,
    TokenNotFoundError,
    TokenSpecError,
    TokensRefusedError,
    TooLargeError,
    TruncatedError,
    UnknownKeyError,
    UnknownKindError,
    UnknownSuiteError,
    UnknownVersionError,
    VaultError,
    WrongRootKeyError,
)
from vault.fpe import FpeKind, Keep, is_fpe_token
from vault.header import Suite
from vault.identify import Identifier, SealedIdentifier, read_identifier, seal_identifier
from vault.keyring import KeyPurpose, KeyRing
from vault.kinds import Fault, IdentifierKind
from vault.masks import mask
from vault.resident_id import check_character, resident_id_birth_date
from vault.roots import FileRootKey, RootKey
from vault.secret import SecretBytes, SecretText
from vault.store import (
    KeyState,
    TokenOwner,
    find_by_index,
    identifiers,
    insert_subject_key,
    insert_subject_keys,
    issue_tokens,
    load_key_ring,
    new_token,
    open_key_ring,
    put_identifiers,
    resolve_token,
    subject_keys,
)
from vault.subject_key import SubjectKey
from vault.token_kinds import Tokeniser, TokenKind, TokenScope, TokenSpec

__all__ = [
    "AgeBand",
    "BulkPlanError",
    "BulkSourceError",
    "BulkTargetError",
    "ColumnTypeError",
    "DomainTooSmallError",
    "Entropy",
    "EntropyError",
    "Fault",
    "FileRootKey",
    "FpeKind",
    "Identifier",
    "IdentifierKind",
    "IdentifierTakenError",
    "Keep",
    "KeyMissingError",
    "KeyPurpose",
    "KeyRing",
    "KeyState",
    "NotAnIdentifierError",
    "NotInDomainError",
    "NotTokenisableError",
    "RootKey",
    "RootKeyError",
    "RootKeyExposedError",
    "RootKeyMalformedError",
    "RootKeyMissingError",
    "RootKeyUnavailableError",
    "SealedIdentifier",
    "SecretBytes",
    "SecretText",
    "SubjectKey",
    "Suite",
    "TamperedError",
    "TokenKind",
    "TokenNotFoundError",
    "TokenOwner",
    "TokenScope",
    "TokenSpec",
    "TokenSpecError",
    "Tokeniser",
    "TokensRefusedError",
    "TooLargeError",
    "TruncatedError",
    "UnknownKeyError",
    "UnknownKindError",
    "UnknownSuiteError",
    "UnknownVersionError",
    "VaultError",
    "WrongRootKeyError",
    "age_band",
    "canonical_form",
    "check_character",
    "find_by_index",
    "full_years",
    "identifiers",
    "insert_subject_key",
    "insert_subject_keys",
    "is_fpe_token",
    "issue_tokens",
    "load_key_ring",
    "mask",
    "new_token",
    "open_key_ring",
    "passes_luhn",
    "put_identifiers",
    "read_identifier",
    "resident_id_birth_date",
    "resolve_token",
    "seal_identifier",
    "subject_keys",
    "system_entropy",
]
