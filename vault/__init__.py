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
    ExtraMissingError,
    IdentifierTakenError,
    KeyDisabledError,
    KeyExhaustedError,
    KeyInUseError,
    KeyMissingError,
    KeyMovedError,
    KmsAnswerError,
    KmsError,
    KmsKeyMissingError,
    KmsRefusedError,
    KmsUnavailableError,
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
from vault.keyring import KeyPurpose, KeyRing, KeyVersion
from vault.kinds import Fault, IdentifierKind
from vault.kms.calling import CallLimits
from vault.kms.local import FileRootKey
from vault.kms.protocol import RootKey
from vault.masks import mask
from vault.resident_id import check_character, resident_id_birth_date
from vault.secret import SecretBytes, SecretText
from vault.signer import LogSigner
from vault.store import (
    KeyState,
    TokenOwner,
    WrappedKey,
    find_by_index,
    identifiers,
    insert_subject_key,
    insert_subject_keys,
    issue_tokens,
    load_key_ring,
    new_token,
    note_seals,
    open_key_ring,
    put_identifiers,
    refresh_key_ring,
    resolve_token,
    sealing_keys,
    subject_keys,
    wrapped_keys,
)
from vault.subject_key import SubjectKey
from vault.uses import marked

__all__ = [
    "AgeBand",
    "CallLimits",
    "Entropy",
    "EntropyError",
    "ExtraMissingError",
    "Fault",
    "FileRootKey",
    "Identifier",
    "IdentifierKind",
    "IdentifierTakenError",
    "KeyDisabledError",
    "KeyExhaustedError",
    "KeyInUseError",
    "KeyMissingError",
    "KeyMovedError",
    "KeyPurpose",
    "KeyRing",
    "KeyState",
    "KeyVersion",
    "KmsAnswerError",
    "KmsError",
    "KmsKeyMissingError",
    "KmsRefusedError",
    "KmsUnavailableError",
    "LogSigner",
    "NotAnIdentifierError",
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
    "TokenNotFoundError",
    "TokenOwner",
    "TooLargeError",
    "TruncatedError",
    "UnknownKeyError",
    "UnknownKindError",
    "UnknownSuiteError",
    "UnknownVersionError",
    "VaultError",
    "WrappedKey",
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
    "marked",
    "mask",
    "new_token",
    "note_seals",
    "open_key_ring",
    "passes_luhn",
    "put_identifiers",
    "read_identifier",
    "refresh_key_ring",
    "resident_id_birth_date",
    "resolve_token",
    "seal_identifier",
    "sealing_keys",
    "subject_keys",
    "system_entropy",
    "wrapped_keys",
]
