"""Secrets do not show, and objects with keys do not travel."""

import copy
import json
import logging
import pickle
import traceback
from pathlib import Path

import pytest

from tests.vault.support import SUBJECT, TENANT, key_of, ring
from vault import FileRootKey, SecretBytes, SecretText, TamperedError, canonical_form, read_identifier

CANARY = "13800138000"


def test_secret_text_is_hidden_in_every_way_of_writing_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = canonical_form("mobile", CANARY)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("value %s %r", secret, secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", "%s" % secret, repr([secret]), caplog.text]  # noqa: UP031
    assert not [text for text in shown if CANARY in text]
    assert repr(read_identifier("mobile_no", "mobile", CANARY)).count(CANARY) == 0


def test_secret_text_works_as_text() -> None:
    secret = SecretText(CANARY)
    assert secret == CANARY
    assert secret.encode() == CANARY.encode()
    assert secret[:3] == "138"
    assert type(secret.reveal()) is str
    assert secret.reveal() == CANARY
    assert json.loads(json.dumps(secret)) == CANARY


def test_key_material_is_hidden_and_compares_by_content() -> None:
    key = SecretBytes(b"k" * 32)
    assert key == SecretBytes(b"k" * 32)
    assert key != SecretBytes(b"j" * 32)
    assert key != b"k" * 32
    assert len(key) == 32
    assert "kkk" not in f"{key!r}{key}"
    with pytest.raises(TypeError):
        hash(key)


def test_objects_with_keys_show_nothing_and_are_not_copied(tmp_path: Path) -> None:
    subject_key, _ = ring().new_subject_key(TENANT, SUBJECT)
    root = FileRootKey.open_or_create(tmp_path / "root.key")
    for keeper in (ring(), subject_key, root, SecretBytes(key_of(1))):
        assert repr(keeper) == f"<{type(keeper).__name__}>"
        for travel in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="never serialised"):
                travel(keeper)


def test_a_traceback_with_local_variables_shows_no_secret() -> None:
    secret = canonical_form("mobile", CANARY)
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    with pytest.raises(TamperedError) as refusal:
        key.open(key.seal(secret.encode(), "email"), "mobile_no")
    report = "".join(traceback.TracebackException.from_exception(refusal.value, capture_locals=True).format())
    assert CANARY not in report
    assert "does not open" in report
