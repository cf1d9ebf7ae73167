"""The catalogue a command shows: the one in force, or the shipped one where there is no database yet."""

from __future__ import annotations

from api.cli.parts import is_there, opened_database
from api.settings import Settings
from api.usecases.catalogs import Catalogs
from catalog import Catalog, Feature, FeatureView, Field


async def shown_catalog(settings: Settings, *, tenant: str | None = None) -> tuple[Catalog, str]:
    """The catalogue and where it comes from: "database" or "shipped".

    Raises: TenantNotFoundError: there is a database, a tenant is given and nobody registered it.
    """
    if not is_there(settings):
        return Catalog.builtin(), "shipped"
    async with opened_database(settings, writing=False, tenant=tenant) as database, database.reading() as tx:
        return await Catalogs().current(tx.connection), "database"


def field_document(field: Field) -> dict[str, object]:
    """A field for programs."""
    return {
        "name": field.name,
        "zh": field.zh,
        "en": field.en,
        "grade": field.grade,
        "pipl": field.pipl.value,
        "jrt0197": field.jrt0197,
        "jrt0171": field.jrt0171.value,
        "separate": field.separate,
        "form": field.form.value,
        "derived_form": field.derived_form.value,
        "identifier": None if field.identifier is None else field.identifier.value,
    }


def view_document(view: FeatureView) -> dict[str, object]:
    """A view with its features for programs."""
    return {
        "tenant": view.tenant,
        "name": view.name,
        "handler": view.handler,
        "zh": view.zh,
        "en": view.en,
        "features": [feature_document(feature) for feature in view.features],
    }


def feature_document(feature: Feature) -> dict[str, object]:
    """A feature for programs."""
    return {
        "name": feature.full_name,
        "zh": feature.zh,
        "en": feature.en,
        "type": feature.type.value,
        "grade": feature.grade,
        "fields": list(feature.fields),
        "form": feature.form.value,
        "forms": [form.value for form in feature.forms],
    }
