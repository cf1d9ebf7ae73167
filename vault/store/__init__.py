"""The vault's SQL: keys, identifiers with their blind index, tokens, reveals.

Functions take an open connection and never begin or end a transaction.
"""

from vault.store.identifiers import find_by_index, identifiers, put_identifiers
from vault.store.keys import (
    KeyState,
    insert_subject_key,
    insert_subject_keys,
    load_key_ring,
    open_key_ring,
    subject_keys,
)
from vault.store.reveals import Asked, approve_reveal, ask_reveal, count_shown, take_budget, use_reveal
from vault.store.tokens import TokenOwner, issue_tokens, new_token, resolve_token, resolve_tokens

__all__ = [
    "Asked",
    "KeyState",
    "TokenOwner",
    "approve_reveal",
    "ask_reveal",
    "count_shown",
    "find_by_index",
    "identifiers",
    "insert_subject_key",
    "insert_subject_keys",
    "issue_tokens",
    "load_key_ring",
    "new_token",
    "open_key_ring",
    "put_identifiers",
    "resolve_token",
    "resolve_tokens",
    "subject_keys",
    "take_budget",
    "use_reveal",
]
