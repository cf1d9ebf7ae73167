"""The published certificate: made byte for byte from its parts, and checked as a stranger would."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.canonical import canonical
from gate.erasing import check_certificate

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "gate" / "certificate.json").read_text("utf-8"))


def bound(*parts: bytes) -> bytes:
    """As docs/formats/sealed.md defines `bind`."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_the_published_certificate_checks() -> None:
    said = check_certificate(VECTOR["file"])
    assert said["key"] == VECTOR["key"]
    assert canonical(said).decode() == VECTOR["file"]["certificate"]


def test_the_signature_can_be_made_from_the_document_of_the_format_alone() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["seed"]))
    public = key.public_key().public_bytes_raw()
    assert hashlib.sha256(public).digest()[:8].hex() == VECTOR["key"]
    assert base64.b64encode(public).decode() == VECTOR["file"]["public_key"]
    signature = key.sign(bound(VECTOR["use"].encode(), VECTOR["file"]["certificate"].encode()))
    assert base64.b64encode(signature).decode() == VECTOR["file"]["signature"]
