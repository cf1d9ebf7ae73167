"""Ledger events of the register: names, digests and closed values, never texts, contacts or references."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import singledispatch
from typing import Any

import msgspec

from catalog import digest
from consent.instants import to_text
from consent.journal import Actor, ConsentEvent
from consent.notices import Notice
from consent.store.registry import Document
from consent.values import Client, Party, Purpose, Tenant


def of(
    value: Tenant | Party | Client | Purpose | Notice, document: Document, by: Actor, *, is_new: bool
) -> ConsentEvent:
    """The event that tells of a new version of a registered thing."""
    verb = "published" if isinstance(value, Notice) else "registered" if is_new else "updated"
    return ConsentEvent(
        kind=f"{document.kind}.{verb}",
        tenant=document.tenant,
        at=document.at,
        actor=by,
        epoch=document.epoch,
        purpose=_purpose(value),
        party=value.name if isinstance(value, Party) else value.party if isinstance(value, Client) else None,
        client=value.name if isinstance(value, Client) else None,
        detail={
            "name": document.name,
            "version": document.version,
            "digest": digest(msgspec.to_builtins(value)),
            **_detail(value),
        },
    )


def _purpose(value: object) -> str | None:
    if isinstance(value, Notice):
        return value.content.purpose
    return value.name if isinstance(value, Purpose) else None


@singledispatch
def _detail(_value: object) -> Mapping[str, Any]:
    return {}


@_detail.register
def _(party: Party) -> Mapping[str, Any]:
    return {
        "role": party.role.value,
        "region": party.region,
        "transfer": party.transfer.value,
        "transfer_expires": _text(party.transfer_expires),
        "contract_ends": _text(party.contract_ends),
    }


@_detail.register
def _(client: Client) -> Mapping[str, Any]:
    return {
        "status": client.status.value,
        "region": client.region,
        "products": sorted(client.products),
        "purposes": sorted(client.purposes),
        "max_form": client.max_form.value,
        "tokens": [
            {"field": rule.field, "kind": rule.kind.value, "keep": rule.keep.value}
            for rule in sorted(client.tokens, key=lambda rule: rule.field)
        ],
    }


@_detail.register
def _(purpose: Purpose) -> Mapping[str, Any]:
    return {
        "status": purpose.status.value,
        "revision": purpose.revision,
        "basis": purpose.basis.value,
        "basis_ref": purpose.basis_ref is not None,
        "pipia": purpose.pipia is not None,
        "pipia_expires": _text(purpose.pipia_expires),
        "fields": sorted(purpose.fields),
        "necessity": sorted(purpose.necessary),
        "methods": sorted(purpose.methods),
        "automated": purpose.automated,
        "max_form": purpose.max_form.value,
        "max_grant_days": purpose.max_grant_days,
        "overrides": [{"name": held.name.value, "approved_by": held.approved_by} for held in purpose.overrides],
        "foreign_authority": purpose.foreign_authority,
        "reveals": sorted(purpose.reveals),
    }


@_detail.register
def _(notice: Notice) -> Mapping[str, Any]:
    content = notice.content
    return {
        "hash": notice.hash,
        "material": notice.material,
        "handler": content.handler,
        "methods": sorted(content.methods),
        "fields": sorted(content.fields),
        "separate": sorted(content.separate),
        "recipients": [{"party": named.party, "fields": sorted(named.fields)} for named in content.recipients],
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)
