"""The catalogue: every field of the deployment with its grades, and the feature views of the caller's tenant.

Rules: every verified caller may look; what data there is about people is no secret from them (PIPL 7, 17).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from api.access import Caller
from api.routes.wire import Answer, Cursor, Limit, Name, routes
from api.service import service_of
from api.usecases.catalogs import FieldNotFoundError
from catalog import (
    Catalog,
    Feature,
    FeatureView,
    IdentifierKind,
    Jrt0171,
    LawfulBasis,
    PiplKind,
    ReleaseForm,
    RetentionCode,
    SensitiveKind,
    Transform,
    ValueType,
)

ROUTER = routes()


class CatalogueShown(Answer):
    """The catalogue in force: its revision, how many fields, how many views of the tenant."""

    revision: str
    fields: int
    views: int


class RetentionShown(Answer):
    """How long a field may be kept; null days: until the processing it serves ends."""

    code: RetentionCode
    days: int | None


class FieldShown(Answer):
    """A field and its effective grade (1 to 5), the highest any regime gives."""

    name: str
    zh: str
    en: str
    grade: int
    pipl: PiplKind
    sensitive_kind: SensitiveKind | None
    jrt0197: int
    jrt0171: Jrt0171
    gbt45574: SensitiveKind | None
    bases: list[LawfulBasis]
    separate: bool
    written: bool
    form: ReleaseForm
    derived_form: ReleaseForm
    identifier: IdentifierKind | None
    retention: RetentionShown


class GradeShown(Answer):
    """What one regime says of a field, and where it says so."""

    regime: str
    given: str
    grade: int
    source: str


class FieldWhole(FieldShown):
    """A field with the reasons for its grade and the tenant's features that derive from it."""

    grade_parts: list[GradeShown]
    source: list[str]
    features: list[str]


class FieldsShown(Answer):
    """A page of fields, by name."""

    fields: list[FieldShown]
    next: str | None


class FeatureShown(Answer):
    """A feature: what it derives from, and the forms it may leave in, strictest first."""

    name: str
    zh: str
    en: str
    type: ValueType
    transform: Transform
    fields: list[str]
    grade: int
    form: ReleaseForm
    forms: list[ReleaseForm]

    @classmethod
    def of(cls, feature: Feature) -> FeatureShown:
        """Show a feature."""
        return cls(
            name=feature.full_name,
            zh=feature.zh,
            en=feature.en,
            type=feature.type,
            transform=feature.transform,
            fields=list(feature.fields),
            grade=feature.grade,
            form=feature.form,
            forms=list(feature.forms),
        )


class ViewShown(Answer):
    """A feature view; ``handler`` is the party that holds the values."""

    name: str
    handler: str
    zh: str
    en: str
    features: list[FeatureShown]

    @classmethod
    def of(cls, view: FeatureView) -> ViewShown:
        """Show a view."""
        features = [FeatureShown.of(feature) for feature in view.features]
        return cls(name=view.name, handler=view.handler, zh=view.zh, en=view.en, features=features)


class ViewsShown(Answer):
    """The tenant's views, by name, a page at a time."""

    views: list[ViewShown]
    next: str | None


@ROUTER.get("/v1/catalogue", tags=["catalogue"], summary="Which catalogue is in force")
async def get_catalogue(request: Request, caller: Caller) -> CatalogueShown:
    """Answer the revision in force."""
    catalog = await _catalog(request)
    views = len(catalog.views_of(caller.tenant))
    return CatalogueShown(revision=catalog.revision, fields=len(catalog.fields), views=views)


@ROUTER.get("/v1/catalogue/fields", tags=["catalogue"], summary="List fields")
async def list_fields(
    request: Request,
    _caller: Caller,
    *,
    grade: Annotated[int | None, Query(ge=1, le=5)] = None,
    kind: PiplKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> FieldsShown:
    """List the fields of one grade or of one kind under PIPL, or all."""
    fitting = [
        field
        for field in (await _catalog(request)).fields.values()
        if grade in {None, field.grade} and kind in {None, field.pipl} and field.name > (cursor or "")
    ]
    shown = [FieldShown.model_validate(field) for field in fitting[:limit]]
    return FieldsShown(fields=shown, next=fitting[limit - 1].name if len(fitting) > limit else None)


@ROUTER.get("/v1/catalogue/fields/{name}", tags=["catalogue"], summary="Look up a field")
async def get_field(request: Request, name: Name, caller: Caller) -> FieldWhole:
    """Answer a field with the sources of its grade."""
    catalog = await _catalog(request)
    if name not in catalog.fields:
        raise FieldNotFoundError(name)
    field = catalog.fields[name]
    shown = FieldShown.model_validate(field).model_dump()
    return FieldWhole.model_validate(
        {
            **shown,
            "grade_parts": field.grade_parts,
            "source": field.source,
            "features": [used.full_name for tenant, used in catalog.uses_of(name) if tenant == caller.tenant],
        }
    )


@ROUTER.get("/v1/catalogue/views", tags=["catalogue"], summary="List feature views")
async def list_views(request: Request, caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> ViewsShown:
    """List the tenant's feature views."""
    fitting = [view for view in (await _catalog(request)).views_of(caller.tenant) if view.name > (cursor or "")]
    shown = [ViewShown.of(view) for view in fitting[:limit]]
    return ViewsShown(views=shown, next=fitting[limit - 1].name if len(fitting) > limit else None)


@ROUTER.get("/v1/catalogue/views/{name}", tags=["catalogue"], summary="Look up a feature view")
async def get_view(request: Request, name: Name, caller: Caller) -> ViewShown:
    """Answer one of the tenant's feature views."""
    return ViewShown.of((await _catalog(request)).view(caller.tenant, name))


async def _catalog(request: Request) -> Catalog:
    service = service_of(request.app.state)
    async with service.database.reading() as tx:
        return await service.catalogs.current(tx.connection)
