"""A lender that also reads identifiers: as tokens, masked, and as the text of a feature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from api.database import Database
from consent import CeilingField
from tests import world
from tests.world import BOTH, FIELDS, STEWARD, TENANT, VIEWS, World

IDENTIFIERS = ("id_card_no", "mobile_no", "bank_card_no", "full_name")
ALL = (*FIELDS, *IDENTIFIERS, "account_tier")
IDENTITY = """
  - name: identity
    handler: lender
    zh: 身份
    en: Identity
    features:
      - {name: id_token, zh: 证件, en: Document, type: string, transform: raw, fields: [id_card_no], form: token}
      - {name: phone_token, zh: 手机, en: Phone, type: string, transform: raw, fields: [mobile_no], form: token}
      - {name: shown_name, zh: 姓名, en: Name, type: string, transform: raw, fields: [full_name], form: masked,
         shapes: {mask: name}}
      - {name: tier, zh: 等级, en: Tier, type: string, transform: raw, fields: [account_tier], form: plain}
"""
FEATURES = ("identity:id_token", "identity:phone_token", "identity:shown_name", "identity:tier")


async def build(database: Database, folder: Path) -> World:
    """The lender of ``tests.world`` with a wider ceiling, notice and one more view."""
    lender = await world.build(database, folder, VIEWS + IDENTITY)
    fields = tuple(sorted(ALL))
    async with database.transaction() as tx:
        ceiling = tuple(CeilingField(name, BOTH) for name in fields)
        wider = world.purpose(tx.now, ceiling=ceiling)
        await lender.registrar.update_purpose(tx.connection, wider, by=STEWARD, now=tx.now)
        draft = world.notice(fields=fields, separate=fields)
        told = tuple(replace(each, fields=fields) for each in draft.recipients)
        published = await lender.registrar.publish_notice(
            tx.connection, replace(draft, recipients=told), lender.catalog, by=STEWARD, now=tx.now
        )
    lender.notice = published.notice
    return lender


def segment_of(lender: World, feature: str) -> str:
    found = lender.catalog.feature(TENANT, feature)
    assert found is not None
    return found.segment
