"""Scores over HTTP: reported by services, explained to people, traced by auditors; deletion that travels down."""

from typing import Any

from api.following import catch_up
from lineage.graph import column_name, load_graph, position
from tests.api.routes.conftest import Lender
from tests.api.routes.samples import event, scores


async def reported(lender: Lender, who: str, **changes: Any) -> tuple[str, str]:
    """Give, read and score a person; returns the score and the read's entry."""
    await lender.subject("POST", "/v1/grants", lender.grant(), name=who)
    read = (await lender.read([who])).json()["results"][0]["entry"]
    answer = await lender.call("scorer", "POST", "/v1/scores", scores(who, read, **changes), name="scoring")
    assert answer.status_code == 201, answer.text
    return answer.json()["scores"][0]["score"], read


async def test_a_person_is_told_what_their_score_rests_on(lender: Lender) -> None:
    who, other = lender.world.subjects
    score, read = await reported(lender, who)
    shown = (await lender.subject("GET", f"/v1/scores/{score}")).json()
    assert (shown["value"], shown["automated"], shown["subject"]) == (612, True, who)
    assert [fed["entry"] for fed in shown["reads"]] == [read]
    limit = next(use for use in shown["reads"][0]["features"] if use["name"] == "behaviour:limit")
    assert (limit["form"], limit["source"], [each["name"] for each in limit["fields"]]) == (
        "plain", "lender", ["credit_limit"],
    )  # fmt: skip
    assert [made["outcome"] for made in shown["decisions"]] == ["limit"]
    assert "仅由自动化方式得出" in shown["text"]["zh"]
    assert "额度提高了评分" in shown["text"]["zh"]
    assert "by automation alone" in shown["text"]["en"]
    assert "第二十四条" in shown["rights"]["zh"]
    assert (await lender.subject("GET", f"/v1/scores/{score}", name=other)).status_code == 404
    assert (await lender.subject("GET", "/v1/scores", name=other)).json()["scores"] == []
    assert [each["score"] for each in (await lender.subject("GET", "/v1/scores")).json()["scores"]] == [score]


async def test_an_auditor_traces_a_score_without_its_value_and_is_recorded(lender: Lender) -> None:
    who = lender.world.subjects[0]
    score, _ = await reported(lender, who, value="AAA-gilt")
    answer = await lender.call("auditor", "GET", f"/v1/scores/{score}")
    assert answer.json()["value"] is None
    assert who not in answer.text
    listed = await lender.call("auditor", "GET", "/v1/scores", params={"model": "limit_model", "subject": who})
    assert [each["score"] for each in listed.json()["scores"]] == [score]
    asked = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "ledger.queried"})
    assert [entry["filter"]["of"] for entry in asked.json()["entries"]] == ["scores", "score"]
    said = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "score.reported"})
    assert "AAA-gilt" not in said.text
    own = (await lender.subject("GET", f"/v1/scores/{score}")).json()
    assert own["value"] == "AAA-gilt"


async def test_a_person_asks_for_a_person_s_decision_and_gets_it_on_record(lender: Lender) -> None:
    who = lender.world.subjects[0]
    score, _ = await reported(lender, who)
    assert (await lender.subject("POST", f"/v1/scores/{score}/review")).status_code == 201
    by_person = {"decisions": [{"score": score, "decision": "approve", "automated": False}]}
    assert (await lender.call("scorer", "POST", "/v1/decisions", by_person, name="scoring")).status_code == 201
    other = await lender.call("scorer", "POST", "/v1/decisions", by_person, name="partner_scoring")
    assert (other.status_code, other.json()["code"]) == (404, "lineage/score_not_found")
    shown = (await lender.subject("GET", f"/v1/scores/{score}")).json()
    assert [(made["outcome"], made["automated"]) for made in shown["decisions"]] == [
        ("limit", True),
        ("approve", False),
    ]
    assert "有人工参与" in shown["text"]["zh"]
    own = (await lender.subject("GET", "/v1/entries", params={"kind": "score.review_requested"})).json()["entries"]
    assert [entry["about"] for entry in own] == [score]


async def test_a_score_on_somebody_else_s_read_is_refused_by_position(lender: Lender) -> None:
    who, other = lender.world.subjects
    _, read = await reported(lender, who)
    for body, client in ((scores(other, read), "scoring"), (scores(who, read), "partner_scoring")):
        answer = await lender.call("scorer", "POST", "/v1/scores", body, name=client)
        assert (answer.status_code, answer.json()["code"]) == (422, "lineage/read_unusable")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/scores/0/reads/0"]
    absent = await lender.call("scorer", "POST", "/v1/scores", scores(who, "999999"), name="scoring")
    assert absent.json()["code"] == "lineage/read_unusable"


async def test_a_withdrawal_raises_a_task_that_its_recipient_acknowledges(lender: Lender) -> None:
    who = lender.world.subjects[0]
    score, _ = await reported(lender, who)
    await lender.call("steward", "POST", "/api/v1/lineage", event())
    withdrawn = (await lender.subject("POST", "/v1/withdrawals", {"scope": "all"})).json()
    (task,) = (await lender.call("scorer", "GET", "/v1/tasks", name="scoring")).json()["tasks"]
    assert withdrawn["tasks"] == [task["task"]]
    assert (task["subject"], task["cause"], task["about"]) == (who, "withdrawal", withdrawn["withdrawn"][0])
    assert task["scores"] == [score]
    assert "credit_limit" in task["fields"]
    assert [column["label"] for column in task["columns"]] == ["warehouse/mart#score"]
    assert (await lender.call("scorer", "GET", "/v1/tasks", name="partner_scoring")).json()["tasks"] == []
    path = f"/v1/tasks/{task['task']}/acknowledge"
    foreign = await lender.call("scorer", "POST", path, {"outcome": "deleted"}, name="partner_scoring")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "lineage/task_not_found")
    done = (await lender.call("scorer", "POST", path, {"outcome": "deleted"}, name="scoring")).json()["task"]
    assert (done["subject"], done["outcome"], done["done_by"]) == (None, "deleted", "scoring")
    again = await lender.call("scorer", "POST", path, {"outcome": "deleted"}, name="scoring")
    assert (again.status_code, again.json()["code"]) == (409, "lineage/task_done")
    seen = await lender.call("auditor", "GET", "/v1/tasks", params={"state": "done"})
    assert seen.json()["tasks"][0]["subject"].startswith("ps_")
    assert who not in seen.text


async def test_what_a_field_reaches_is_counted_up_to_an_entry(lender: Lender) -> None:
    for who in lender.world.subjects:
        await reported(lender, who)
    await catch_up(lender.world.database)
    found = (await lender.call("auditor", "GET", "/v1/lineage/fields/credit_limit")).json()
    assert (found["subjects"], found["recipients"]) == (2, [{"party": "lender", "subjects": 2}])
    assert found["models"] == [{"model": "limit_model", "version": "3.1"}]
    assert found["clients"] == [{"client": "scoring", "purpose": "credit_scoring"}]
    async with lender.world.database.reading() as tx:
        assert int(found["upto"]) <= await position(tx.connection)
    assert (await lender.call("auditor", "GET", "/v1/lineage/fields/no_such_field")).status_code == 404


async def test_a_grant_s_use_is_what_must_be_deleted_when_it_ends(lender: Lender) -> None:
    who = lender.world.subjects[0]
    score, read = await reported(lender, who)
    grant = (await lender.subject("GET", f"/v1/scores/{score}")).json()["reads"][0]["grants"][0]
    found = (await lender.call("dpo", "GET", f"/v1/lineage/grants/{grant}")).json()
    assert [(use["party"], use["scores"]) for use in found["received"]] == [("lender", [score])]
    assert read


async def test_two_people_lower_a_grade_and_a_new_input_ends_it(lender: Lender) -> None:
    await lender.call("steward", "POST", "/api/v1/lineage", event())
    node = column_name("warehouse", "mart", "score")
    wanted = {"node": node, "method": "aggregation", "grade": 1, "evidence": "ev_" + "a" * 26}

    async def grade() -> int:
        async with lender.world.database.reading() as tx:
            return (await load_graph(tx.connection, "lender", lender.world.catalog)).judge()[node].grade

    before = await grade()
    made = (await lender.call("steward", "POST", "/v1/deidentifications", wanted, name="one")).json()["proposal"]
    path = f"/v1/deidentifications/{made['proposal']}/approve"
    same = await lender.call("dpo", "POST", path, name="one")
    assert (same.status_code, same.json()["code"]) == (403, "lineage/two_people_needed")
    assert await grade() == before
    assert (await lender.call("dpo", "POST", path, name="two")).status_code == 200
    assert await grade() == 1
    more = event()
    source = {"namespace": "yumen://lender", "name": "fields", "field": "zhima_score"}
    more["outputs"][0]["facets"]["columnLineage"]["fields"]["score"]["inputFields"] = [source]
    assert (await lender.call("steward", "POST", "/api/v1/lineage", more)).json()["new_edges"] == 1
    assert await grade() >= before
    removed = await lender.call("steward", "POST", f"/v1/lineage/columns/{node}/remove")
    assert removed.json()["label"] == "warehouse/mart#score"


async def test_the_graph_is_drawn_in_the_language_asked_for(lender: Lender) -> None:
    score, _ = await reported(lender, lender.world.subjects[0])
    headers = lender.headers("auditor") | {"Accept": "image/svg+xml", "Accept-Language": "zh"}
    drawn = await lender.http.get("/v1/lineage/graph", params={"score": score}, headers=headers)
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert drawn.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in drawn.text
    assert "数据血缘" in drawn.text
    assert drawn.text.count("<title") > 5
    asked = await lender.call("auditor", "GET", "/v1/lineage/graph", params={"score": score})
    sorts = {node["sort"] for node in asked.json()["nodes"]}
    assert sorts >= {"field", "feature", "release", "score", "decision"}
    both = await lender.call("auditor", "GET", "/v1/lineage/graph", params={"score": score, "field": "credit_limit"})
    assert both.status_code == 422
