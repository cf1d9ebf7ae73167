"""Where values could slip out by the side: dumps of a crash, tools that print local variables, validators, SQL echo."""

import faulthandler
import io
import logging
import tempfile
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from api.database import Database
from tests.vault.support import SUBJECT, TENANT, ring
from vault import (
    FileRootKey,
    SecretBytes,
    SecretText,
    TamperedError,
    canonical_form,
    insert_subject_key,
    open_key_ring,
    put_identifiers,
    read_identifier,
    seal_identifier,
)

CANARY = "13800138000"
LONG = "canary" * 60


def fail(secret: SecretText, key: SecretBytes) -> None:
    assert secret
    assert key
    raise TamperedError


def test_a_traceback_of_rich_with_local_variables_shows_no_secret() -> None:
    shown = io.StringIO()
    held = [canonical_form("mobile", CANARY), SecretText(LONG)]
    for secret in held:
        try:
            fail(secret, SecretBytes(LONG.encode()))
        except TamperedError as error:
            found = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
            Console(file=shown, width=200).print(found)
    assert "SecretText(***)" in shown.getvalue()
    assert CANARY not in shown.getvalue()
    assert "canarycanary" not in shown.getvalue()
    assert "canary" not in pretty_repr({"value": SecretText(LONG)}, max_string=20)


def test_a_logged_exception_and_its_locals_show_no_value(caplog: pytest.LogCaptureFixture) -> None:
    key, _ = ring().new_subject_key(TENANT, SUBJECT)
    plain = LONG.encode()
    with caplog.at_level(logging.ERROR):
        try:
            key.open(key.seal(plain, "email"), "mobile_no")
        except TamperedError:
            logging.getLogger("test").exception("a value does not open")
    assert "does not open" in caplog.text
    assert "canarycanary" not in caplog.text


def test_a_dump_of_all_threads_shows_no_value() -> None:
    plain = LONG.encode()
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        dumped = file.read()
    assert b"test_a_dump_of_all_threads" in dumped
    assert plain[:12] not in dumped


def test_a_validation_error_shows_no_secret() -> None:
    class Model(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        count: int
        key: SecretBytes

    with pytest.raises(ValidationError) as refusal:
        Model.model_validate({"count": canonical_form("mobile", CANARY), "key": SecretText(LONG)})
    assert CANARY not in str(refusal.value)
    assert "canarycanary" not in str(refusal.value)


async def test_echoed_statements_and_their_errors_show_no_value(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database.open(database_url, echo=True)
    root = FileRootKey.open_or_create(tmp_path / "keys" / "root.key")
    with caplog.at_level(logging.DEBUG):
        async with database.transaction() as tx:
            keys = await open_key_ring(tx.connection, root, now=tx.now)
            key, wrapped = keys.new_subject_key(TENANT, SUBJECT)
            await insert_subject_key(tx.connection, TENANT, SUBJECT, wrapped, tx.now, keys)
            row = seal_identifier(keys, key, read_identifier("mobile_no", "mobile", CANARY))
            await put_identifiers(tx.connection, TENANT, [row], tx.now)
    await database.close()
    assert "INSERT INTO vault_identifiers" in caplog.text
    assert CANARY not in caplog.text
    assert row.sealed.hex() not in caplog.text
    assert SUBJECT not in caplog.text
