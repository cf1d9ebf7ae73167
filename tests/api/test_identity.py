"""Tokens: who may say who is calling. Each attack of the museum ends as a plain 401."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from api.identity import (
    BuiltinIssuer,
    FixedKeys,
    IssuerKeyError,
    Role,
    TokenExpiredError,
    TokenInvalidError,
    TokenRules,
    TokenVerifier,
    has_second_factor,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
T = int(NOW.timestamp())
RULES = TokenRules("issuer", "yumen", frozenset({"Ed25519", "EdDSA", "ES256"}))
KEY = OKPKey.generate_key("Ed25519")
CURVE = ECKey.generate_key("P-256")
OTHER = OKPKey.generate_key("Ed25519")
SUB = "sub_" + "a" * 26
CLAIMS: dict[str, Any] = {
    "iss": "issuer",
    "aud": "yumen",
    "sub": "ann",
    "tenant": "lender",
    "roles": ["auditor"],
    "amr": ["pwd"],
    "iat": T,
    "exp": T + 600,
}
HEADER = {"alg": "Ed25519", "kid": "k", "typ": "at+jwt"}
Token = str


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: Any = None, header: Any = None, key: Any = KEY) -> Token:
    """Sign what no honest library would: any header, any claims."""
    content = claims if isinstance(claims, bytes) else json.dumps({**CLAIMS, **(claims or {})}).encode()
    head = header if isinstance(header, bytes) else json.dumps({**HEADER, **(header or {})}).encode()
    signed = f"{b64(head)}.{b64(content)}"
    signature = key.get_op_key("sign").sign(signed.encode()) if isinstance(key, OKPKey) else b""
    return f"{signed}.{b64(signature)}"


def symmetric(secret: bytes, header: dict[str, Any]) -> Token:
    signed = f"{b64(json.dumps({**HEADER, **header}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def verifier(clock: Callable[[], datetime] = lambda: NOW) -> TokenVerifier:
    keys = FixedKeys({"k": OKPKey.import_key(KEY.as_dict(private=False)), "c": CURVE})
    return TokenVerifier(RULES, keys, clock=clock, alias=lambda tenant, name: f"st_{len(tenant)}_{len(name)}")


PUBLIC_PEM = KEY.get_op_key("verify").public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
PUBLIC_RAW = KEY.get_op_key("verify").public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
FEAST = b64(b'{"alg":"none","typ":"JWT"}') + "." + b64(b'{"sub":"intra-server-communication","roles":["operator"]}')
GOOD = sign()
MUSEUM: dict[str, Token] = {
    "no algorithm": sign(header={"alg": "none"}),
    "no algorithm, no signature": sign(header={"alg": "none"}).rsplit(".", 1)[0] + ".",
    "no algorithm, odd case": sign(header={"alg": "nOnE"}),
    "a constant user without signature": FEAST + ".",
    "HS256 with the public key's PEM": symmetric(PUBLIC_PEM, {"alg": "HS256"}),
    "HS256 with the public key's bytes": symmetric(PUBLIC_RAW, {"alg": "HS256"}),
    "HS256 with the JWK as secret": symmetric(json.dumps(KEY.as_dict(private=False)).encode(), {"alg": "HS256"}),
    "HS256 with an empty secret": symmetric(b"", {"alg": "HS256"}),
    "HMAC under a pinned name": symmetric(PUBLIC_RAW, {}),
    "an algorithm that is not text": sign(header={"alg": ["Ed25519"]}),
    "an algorithm of another key": sign(header={"kid": "c"}),
    "ES256 named for an Ed25519 key": sign(header={"alg": "ES256"}),
    "RS256": sign(header={"alg": "RS256"}),
    "another key": sign(key=OTHER),
    "a key brought along": sign(header={"jwk": OTHER.as_dict(private=False)}, key=OTHER),
    "a key to be fetched": sign(header={"jku": "https://evil.example/keys"}, key=OTHER),
    "a certificate to be fetched": sign(header={"x5u": "https://evil.example/cert"}, key=OTHER),
    "a certificate brought along": sign(header={"x5c": ["MIIB"]}),
    "a path as key id": sign(header={"kid": "../../../../dev/null"}),
    "an unknown key id": sign(header={"kid": "z"}),
    "a key id that is not text": sign(header={"kid": None}),
    "critical extensions": sign(header={"crit": ["exp"], "exp": 1}),
    "an unencoded payload": sign(header={"b64": False}),
    "another type": sign(header={"typ": "secevent+jwt"}),
    "a header with two algorithms": sign(header=b'{"alg":"none","alg":"Ed25519","kid":"k"}'),
    "a header that is a list": sign(header=b"[]"),
    "claims that name the tenant twice": sign(claims=json.dumps(CLAIMS).encode()[:-1] + b',"tenant":"other"}'),
    "claims that are a list": sign(claims=b"[1]"),
    "claims that are not JSON": sign(claims=b"\xff"),
    "another issuer": sign({"iss": "issuer2"}),
    "an issuer in a list": sign({"iss": ["issuer"]}),
    "another audience": sign({"aud": "yumen2"}),
    "no audience": sign({"aud": None}),
    "audiences without ours": sign({"aud": ["a", "b"]}),
    "not yet valid": sign({"nbf": T + 3600}),
    "issued in the future": sign({"iat": T + 3600, "exp": T + 7200}),
    "no end": sign({"exp": None}),
    "an end that is text": sign({"exp": str(T + 600)}),
    "an end that is true": sign({"exp": True}),
    "an end without bound": sign({"exp": 10**18}),
    "a life of years": sign({"exp": T + 10**8}),
    "an end before its begin": sign({"exp": T - 1, "iat": T}),
    "no role": sign({"roles": []}),
    "an unknown role": sign({"roles": ["root"]}),
    "roles of two kinds": sign({"roles": ["scorer", "dpo"]}),
    "roles that are not texts": sign({"roles": [{}]}),
    "no tenant": sign({"tenant": None}),
    "a tenant that is a path": sign({"tenant": "../other"}),
    "a tenant with a line break": sign({"tenant": "lender\n"}),
    "a subject that is not a reference": sign({"roles": ["subject"], "sub": "ann"}),
    "a subject reference with a line break": sign({"roles": ["subject"], "sub": SUB + "\n"}),
    "a client name that is an identifier": sign({"roles": ["scorer"], "sub": "c13800000000"}),
    "no subject": sign({"sub": ""}),
    "methods that are not texts": sign({"amr": [1]}),
    "a changed signature": GOOD[:-4] + ("AAAA" if GOOD[-4:] != "AAAA" else "BBBB"),
    "a changed payload": GOOD.replace(GOOD.split(".")[1], b64(json.dumps({**CLAIMS, "roles": ["dpo"]}).encode())),
    "a hundred kilobytes": sign({"x": "y" * 100_000}),
    "two parts": GOOD.rsplit(".", 1)[0],
    "four parts": GOOD + ".x",
    "five parts, as if encrypted": f"{GOOD}.x.y",
    "padding": GOOD + "=",
    "spaces": GOOD.replace(".", ". ", 1),
    "bytes beyond ASCII": GOOD + "\u00e9",
    "nothing but dots": "..",
    "deep JSON": sign(claims=b'{"a":' * 500 + b"1" + b"}" * 500),
}


@pytest.mark.parametrize("name", MUSEUM)
async def test_a_forged_token_is_refused(name: str) -> None:
    with pytest.raises(TokenInvalidError):
        await verifier().verify(MUSEUM[name])


async def test_forged_tokens_get_a_plain_401_over_http(http: httpx.AsyncClient) -> None:
    for name, token in MUSEUM.items():
        answer = await http.get("/test/audit/x", headers={"Authorization": b"Bearer " + token.encode("latin-1")})
        code = answer.json()["code"]
        if len(token) > 16_000:
            assert (answer.status_code, code) == (431, "request/headers_too_large"), name
            continue
        assert (answer.status_code, code) == (401, "identity/token_invalid"), name
        assert answer.headers["www-authenticate"] == 'Bearer realm="yumen", error="invalid_token"', name
        assert token[:20] == ".." or token[:20] not in answer.text, name


async def test_a_good_token_says_who_is_calling() -> None:
    caller = await verifier().verify(GOOD)
    assert (caller.tenant, caller.roles, caller.staff) == ("lender", frozenset({Role.AUDITOR}), "ann")
    assert caller.client is None
    assert caller.subject is None


async def test_each_kind_of_caller_has_its_name() -> None:
    scorer = await verifier().verify(sign({"roles": "scorer other:role", "client_id": "score_api", "sub": "x"}))
    subject = await verifier().verify(sign({"roles": ["subject"], "sub": SUB}))
    assert scorer.client == "score_api"
    assert subject.subject == SUB
    assert subject.staff is None


async def test_a_staff_name_of_an_outside_issuer_is_replaced_by_its_alias() -> None:
    caller = await verifier().verify(sign({"sub": "ann.lee@lender.example"}))
    assert caller.id == "st_6_22"


async def test_both_names_of_the_edwards_curve_and_es256_are_read() -> None:
    assert await verifier().verify(sign(header={"alg": "EdDSA"}))
    curve = jws.serialize_compact({"alg": "ES256", "kid": "c"}, json.dumps(CLAIMS), CURVE, algorithms=["ES256"])
    assert await verifier().verify(curve)


async def test_an_ended_token_says_so() -> None:
    with pytest.raises(TokenExpiredError):
        await verifier(lambda: NOW + timedelta(seconds=631)).verify(GOOD)
    assert await verifier(lambda: NOW + timedelta(seconds=629)).verify(GOOD)


async def test_a_remembered_token_ends_on_time() -> None:
    moments = [NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=700)]
    remembering = verifier(lambda: moments.pop(0))
    assert await remembering.verify(GOOD) is await remembering.verify(GOOD)
    with pytest.raises(TokenExpiredError):
        await remembering.verify(GOOD)


async def test_the_memory_of_tokens_is_bounded_and_holds_no_token() -> None:
    remembering = verifier()
    await remembering.verify(GOOD)
    assert set(remembering._known) == {hashlib.sha256(GOOD.encode()).digest()}


@pytest.mark.parametrize("given", [None, "", "Basic eDp5", "bearer", "Token x", "Bearer a, Bearer b"])
async def test_a_missing_or_odd_header_is_a_401(given: str | None, http: httpx.AsyncClient) -> None:
    answer = await http.get("/test/score", headers={} if given is None else {"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="yumen"')


async def test_two_authorization_headers_are_a_401(http: httpx.AsyncClient, bearer: Callable[..., Any]) -> None:
    good = bearer("scorer")["Authorization"]
    answer = await http.get("/test/score", headers=[("Authorization", good), ("Authorization", good)])
    assert answer.status_code == 401


async def test_a_token_in_the_query_does_not_count(http: httpx.AsyncClient, bearer: Callable[..., Any]) -> None:
    token = bearer("scorer")["Authorization"].removeprefix("Bearer ")
    assert (await http.get("/test/score", params={"access_token": token})).status_code == 401


async def test_a_role_opens_its_routes_only(http: httpx.AsyncClient, bearer: Callable[..., Any]) -> None:
    assert (await http.get("/test/score", headers=bearer("scorer", name="score_api"))).json() == {"id": "score_api"}
    refused = await http.get("/test/audit/x", headers=bearer("scorer", name="score_api"))
    assert (refused.status_code, refused.json()["code"]) == (403, "identity/role_missing")


async def test_personal_data_asks_for_a_second_factor(http: httpx.AsyncClient, bearer: Callable[..., Any]) -> None:
    refused = await http.get("/test/reveal", headers=bearer("dpo", amr=("pwd",)))
    assert (refused.status_code, refused.json()["code"]) == (401, "identity/second_factor_needed")
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert (await http.get("/test/reveal", headers=bearer("dpo", amr=("pwd", "otp")))).status_code == 200


@pytest.mark.parametrize(
    ("amr", "enough"),
    [
        (["mfa"], True),
        (["pwd", "otp"], True),
        (["pin", "hwk"], True),
        (["fpt", "swk"], True),
        (["pwd", "pin"], False),
        (["otp", "sms"], False),
        (["hwk"], False),
        (["invented"], False),
        ([], False),
    ],
)
def test_two_kinds_of_methods_are_two_factors(amr: list[str], enough: bool) -> None:
    assert has_second_factor(amr, {"mfa"}) is enough


def test_the_development_key_is_made_closed_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "issuer.key"
    first = BuiltinIssuer.open(file, name="i", audience="a").key_set()
    assert file.stat().st_mode & 0o777 == 0o600
    assert BuiltinIssuer.open(file, name="i", audience="a").key_set() == first
    assert "d" not in first["keys"][0]


def test_a_development_key_open_to_others_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "issuer.key"
    BuiltinIssuer.open(file, name="i", audience="a")
    file.chmod(0o640)
    with pytest.raises(IssuerKeyError):
        BuiltinIssuer.open(file, name="i", audience="a")


def test_a_development_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "issuer.key"
    file.touch(0o600)
    file.write_bytes(CURVE.as_pem(private=True))
    with pytest.raises(IssuerKeyError):
        BuiltinIssuer.open(file, name="i", audience="a")
