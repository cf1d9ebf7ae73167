"""The vault's SQL: keys, identifiers with their blind index, tokens, reveals, privacy budgets.

Functions take an open connection and never begin or end a transaction.
"""

from vault.store.budgets import (
    PrivacyAccount,
    PrivacyBudget,
    PrivacyRelease,
    PrivacyRequest,
    find_budget,
    find_release,
    find_repeated,
    keep_release,
    list_budgets,
    lock_budget,
    new_release,
    set_budget,
    spend,
)
from vault.store.deployment import KeyState, WrappedKey, load_key_ring, open_key_ring, refresh_key_ring, wrapped_keys
from vault.store.identifiers import find_by_index, identifiers, put_identifiers, stored_fields
from vault.store.keys import insert_subject_key, insert_subject_keys, note_seals, sealing_keys, subject_keys
from vault.store.reveals import Asked, approve_reveal, ask_reveal, count_shown, take_budget, use_reveal
from vault.store.shredding import SCRUBBED, Shredded, lock_subject_keys, shred
from vault.store.tokens import TokenOwner, issue_tokens, new_token, resolve_token, resolve_tokens

__all__ = [
    "SCRUBBED",
    "Asked",
    "KeyState",
    "PrivacyAccount",
    "PrivacyBudget",
    "PrivacyRelease",
    "PrivacyRequest",
    "Shredded",
    "TokenOwner",
    "WrappedKey",
    "approve_reveal",
    "ask_reveal",
    "count_shown",
    "find_budget",
    "find_by_index",
    "find_release",
    "find_repeated",
    "identifiers",
    "insert_subject_key",
    "insert_subject_keys",
    "issue_tokens",
    "keep_release",
    "list_budgets",
    "load_key_ring",
    "lock_budget",
    "lock_subject_keys",
    "new_release",
    "new_token",
    "note_seals",
    "open_key_ring",
    "put_identifiers",
    "refresh_key_ring",
    "resolve_token",
    "resolve_tokens",
    "sealing_keys",
    "set_budget",
    "shred",
    "spend",
    "stored_fields",
    "subject_keys",
    "take_budget",
    "use_reveal",
    "wrapped_keys",
]
