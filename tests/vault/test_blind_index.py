"""The blind index: keyed, per tenant and field, by the published formula."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.vault.support import TENANT, ring, vectors
from tests.vault.test_sealed import spell
from vault import canonical_form

DIGESTS = vectors("blind-index.json")["digests"]
EQUAL = vectors("canonical.json")["equal"]


@pytest.mark.parametrize("case", DIGESTS, ids=lambda case: f"{case['tenant']}-{case['field']}")
def test_the_index_gives_the_published_bytes(case: dict[str, Any]) -> None:
    assert ring().blind(case["tenant"], case["field"], case["canonical"]).hex() == case["digest"]


@pytest.mark.parametrize("case", DIGESTS, ids=lambda case: f"{case['tenant']}-{case['field']}")
def test_the_published_bytes_are_what_the_document_says(case: dict[str, Any]) -> None:
    info = spell("yumen/blind-index/1", 1, case["index_version"], case["tenant"], case["field"])
    lookup = HKDF(SHA256(), 32, None, info).derive(bytes.fromhex(case["index_key"]))
    mac = HMAC(lookup, SHA256())
    mac.update(case["canonical"].encode())
    assert lookup.hex() == case["lookup_key"]
    assert (b"\x01\x01\x00\x00\x00\x01" + mac.finalize()).hex() == case["digest"]


def test_variants_meet_and_different_identifiers_do_not() -> None:
    keys = ring()
    digests: dict[bytes, tuple[str, str]] = {}
    for case in EQUAL:
        found = {keys.blind(TENANT, case["kind"], canonical_form(case["kind"], w)) for w in case["written"]}
        assert len(found) == 1
        assert digests.setdefault(found.pop(), (case["kind"], case["canonical"])) == (case["kind"], case["canonical"])


def test_one_identifier_in_two_tenants_or_fields_cannot_be_joined() -> None:
    keys = ring()
    places = [(TENANT, "mobile_no"), (TENANT, "backup_mobile_no"), ("dusk_group", "mobile_no")]
    assert len({keys.blind(tenant, field, "+8613800138000") for tenant, field in places}) == 3


def test_many_fields_do_not_grow_the_ring_without_end() -> None:
    keys = ring()
    first = keys.blind(TENANT, "field", "value")
    for number in range(4100):
        keys.blind(TENANT, f"field_{number}", "value")
    assert keys.blind(TENANT, "field", "value") == first
