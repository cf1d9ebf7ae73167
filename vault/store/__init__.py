"""The vault's SQL: keys, identifiers with their blind index, tokens.

Functions take an open connection and never begin or end a transaction.
"""

from vault.store.identifiers import find_by_index, identifiers, put_identifiers, stored_fields
from vault.store.keys import (
    KeyState,
    insert_subject_key,
    insert_subject_keys,
    load_key_ring,
    open_key_ring,
    subject_keys,
)
from vault.store.shredding import SCRUBBED, Shredded, lock_subject_keys, shred
from vault.store.tokens import TokenOwner, issue_tokens, new_token, resolve_token

__all__ = [
    "SCRUBBED",
    "KeyState",
    "Shredded",
    "TokenOwner",
    "find_by_index",
    "identifiers",
    "insert_subject_key",
    "insert_subject_keys",
    "issue_tokens",
    "load_key_ring",
    "lock_subject_keys",
    "new_token",
    "open_key_ring",
    "put_identifiers",
    "resolve_token",
    "shred",
    "stored_fields",
    "subject_keys",
]
