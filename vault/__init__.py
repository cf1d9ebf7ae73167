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
    EntropyError,
    IdentifierTakenError,
    KeyMissingError,
    NotAnIdentifierError,
    RootKeyError,
    RootKeyExposedError,
    RootKeyMalformedError,
    RootKeyMissingError,
    RootKeyUnavailableError,
    TamperedError,
    TokenNotFoundError,
    TooLargeError,
    TruncatedError,
    UnknownKeyError,
    UnknownKindError,
    UnknownSuiteError,
    UnknownVersionError,
    VaultError,
    WrongRootKeyError,
)
from vault.header import Suite
from vault.identify import Identifier, SealedIdentifier, read_identifier, seal_identifier
from vault.keyring import KeyPurpose, KeyRing
from vault.kinds import Fault, IdentifierKind
from vault.masks import mask
from vault.resident_id import check_character, resident_id_birth_date
from vault.roots import FileRootKey, RootKey
from vault.rows import ROW_MAC_BYTES, RowKeys
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

__all__ = [
    "ROW_MAC_BYTES",
    "AgeBand",
    "Entropy",
    "EntropyError",
    "Fault",
    "FileRootKey",
    "Identifier",
    "IdentifierKind",
    "IdentifierTakenError",
    "KeyMissingError",
    "KeyPurpose",
    "KeyRing",
    "KeyState",
    "NotAnIdentifierError",
    "RootKey",
    "RootKeyError",
    "RootKeyExposedError",
    "RootKeyMalformedError",
    "RootKeyMissingError",
    "RootKeyUnavailableError",
    "RowKeys",
    "SealedIdentifier",
    "SecretBytes",
    "SecretText",
    "SubjectKey",
    "Suite",
    "TamperedError",
    "TokenNotFoundError",
    "TokenOwner",
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
