"""The transparency log over HTTP: an auditor fetches and verifies it with the public key alone."""

import base64
from typing import Any

import httpx
from sqlalchemy import text

from lineage.log import Trust, VerifierKey, open_checkpoint, verify
from lineage.log.errors import LogNotFoundError
from lineage.log.proofs import check_consistency
from tests.api.routes.conftest import Lender


class Fetched:
    """The pieces of a log, fetched beforehand."""

    def __init__(self, pieces: dict[str, bytes]) -> None:
        self.pieces = pieces

    def fetch(self, path: str) -> bytes:
        if path not in self.pieces:
            raise LogNotFoundError(path)
        return self.pieces[path]


async def get(lender: Lender, path: str, **options: Any) -> httpx.Response:
    return await lender.call("auditor", "GET", f"/v1/log/{path}", **options)


async def trusted(lender: Lender) -> VerifierKey:
    return VerifierKey.parse((await get(lender, "key")).json()["key"])


async def test_an_auditor_verifies_the_log_from_what_is_served(lender: Lender) -> None:
    for who in lender.world.subjects:
        await lender.subject("POST", "/v1/grants", lender.grant(), name=who)
    await lender.read(list(lender.world.subjects))
    await lender.subject("POST", "/v1/withdrawals", {"scope": "all"})
    head = await get(lender, "checkpoint")
    size = int(head.text.splitlines()[1])
    pieces = {"checkpoint": head.content}
    for path in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        answer = await get(lender, path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        pieces[path] = answer.content
    report = verify(Fetched(pieces), Trust(await trusted(lender)))
    assert report.is_sound, report
    assert (report.size, report.good, report.replay.released) == (size, size, 2)


async def test_a_checkpoint_is_asked_for_anew_and_answered_short_if_it_is_the_same(lender: Lender) -> None:
    first = await get(lender, "checkpoint")
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    assert first.headers["cache-control"] == "private, no-cache"
    headers = lender.headers("auditor") | {"If-None-Match": first.headers["etag"]}
    again = await lender.http.get("/v1/log/checkpoint", headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


async def test_growth_is_proven_between_two_checkpoints(lender: Lender) -> None:
    before, _ = open_checkpoint((await get(lender, "checkpoint")).content, await trusted(lender))
    await lender.subject("POST", "/v1/grants", lender.grant())
    after, _ = open_checkpoint((await get(lender, "checkpoint")).content, await trusted(lender))
    answer = (await get(lender, "proof", params={"old": str(before.size), "new": str(after.size)})).json()
    proof = [base64.b64decode(each) for each in answer["proof"]]
    check_consistency((before.size, before.root), (after.size, after.root), proof)
    assert base64.b64decode(answer["new_root"]) == after.root
    odd = await get(lender, "proof", params={"old": str(after.size), "new": str(before.size)})
    assert (odd.status_code, odd.json()["code"]) == (422, "lineage/log_range")
    beyond = await get(lender, "proof", params={"old": "0", "new": str(2**62)})
    assert (beyond.status_code, beyond.json()["code"]) == (422, "lineage/log_range")


ODD = (
    "0/000.p/255 0/001 1/000 64/000 00/000 0/0 0/x000/000 0/000.p/0 0/000.p/256 entries/000.p/01 entries 0/000.p "
    "0//000 0/000/ ..%2Fcheckpoint entries/%2e%2e/checkpoint 0/x999/x999/x999/x999/x999/x999/999 .scratch-checkpoint "
    "63/000.p/1"
)


async def test_what_is_no_piece_of_the_log_is_not_there(lender: Lender) -> None:
    for path in ODD.split():
        answer = await get(lender, f"tile/{path}")
        assert answer.status_code == 404, path
        assert answer.json()["code"] in {"lineage/log_not_found", "request/not_found"}


async def test_bundles_of_several_tenants_go_to_named_auditors_only(lender: Lender) -> None:
    size = int((await get(lender, "checkpoint")).text.splitlines()[1])
    assert (await get(lender, f"tile/entries/000.p/{size}")).status_code == 200
    async with lender.world.database.transaction() as tx:
        entry = (
            "INSERT INTO ledger_entries (tenant, stream, seq, kind, at_us, outcome, body, digest, mac) "
            "VALUES ('zebra', 'tenant/zebra', 1, 'done', 1, 'done', '{}', :none, :none)"
        )
        await tx.connection.execute(text(entry), {"none": b""})
    refused = await get(lender, f"tile/entries/000.p/{size}")
    assert (refused.status_code, refused.json()["code"]) == (403, "log/other_tenants")
    assert (await get(lender, f"tile/0/000.p/{size}")).status_code == 200
    stranger = await get(lender, f"tile/entries/000.p/{size}", tenant="aardvark")
    assert stranger.status_code == 403
