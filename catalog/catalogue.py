"""The catalogue: every field of the deployment and every feature view of its tenants.

Rules enforced here:
- a catalogue is a value: changing one makes another, and equal content has an equal revision,
  whatever the order of files, fields, views or features;
- every view derives from fields of the same catalogue and obeys their present limits: when a
  field changes, the features that derive from it are judged again;
- a field that features derive from cannot be removed;
- what is not catalogued is of the highest grade and withheld.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from catalog.canonical import digest
from catalog.errors import CatalogDocumentError, CatalogValueError, FieldInUseError, ViewNotFoundError
from catalog.features import Feature, FeatureView
from catalog.field_format import decode_field, field_document
from catalog.fields import Field, field_problems, unknown_field
from catalog.loading import builtin_fields, load_view_file
from catalog.names import NAME_RULE, is_name
from catalog.reading import ListedFaults, Part
from catalog.view_format import decode_view, feature_problems, view_document

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that is known about the data; see the module for its rules.

    Attributes:
        fields: by name, in the order of names.
        views: in the order of tenant and name.
        revision: 64 hex digits over the whole content.
    """

    fields: Mapping[str, Field]
    views: tuple[FeatureView, ...]
    revision: str = dataclasses.field(init=False)
    _features: Mapping[tuple[str, str], Feature] = dataclasses.field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Order and check the whole, then compute its revision.

        Raises: CatalogValueError: fields and views do not fit together.
        """
        fields = {name: self.fields[name] for name in sorted(self.fields)}
        views = tuple(_bound(view, fields) for view in sorted(self.views, key=lambda view: (view.tenant, view.name)))
        problems = (*_field_problems(fields), *_view_problems(views))
        if problems:
            raise CatalogValueError(problems)
        features = {(view.tenant, feature.full_name): feature for view in views for feature in view.features}
        object.__setattr__(self, "fields", MappingProxyType(fields))
        object.__setattr__(self, "views", views)
        object.__setattr__(self, "_features", features)
        object.__setattr__(self, "revision", digest(self.document()))

    def __hash__(self) -> int:
        """Equal catalogues have equal revisions."""
        return hash(self.revision)

    @classmethod
    def builtin(cls) -> "Catalog":
        """Return the catalogue that ships with the product: its fields, no views."""
        return _builtin()

    def field(self, name: str) -> Field:
        """Return a field; for a name that is not catalogued, `unknown_field(name)`."""
        return self.fields.get(name) or unknown_field(name)

    def identifier_kinds(self) -> dict[str, str | None]:
        """Return the kind of identifier of each field, None for one that is none."""
        return {name: field.identifier and field.identifier.value for name, field in self.fields.items()}

    def feature(self, tenant: str, full_name: str) -> Feature | None:
        """Return a tenant's feature by `view:name`, None if there is none (it is denied)."""
        return self._features.get((tenant, full_name))

    def view(self, tenant: str, name: str) -> FeatureView:
        """Return a tenant's view.

        Raises: ViewNotFoundError: the tenant has no view of this name.
        """
        for view in self.views:
            if (view.tenant, view.name) == (tenant, name):
                return view
        raise ViewNotFoundError(tenant, name)

    def views_of(self, tenant: str) -> tuple[FeatureView, ...]:
        """Return the views of one tenant, by name."""
        return tuple(view for view in self.views if view.tenant == tenant)

    def uses_of(self, field: str) -> tuple[tuple[str, Feature], ...]:
        """Return (tenant, feature) for every feature that derives from a field."""
        return tuple(
            (view.tenant, feature) for view in self.views for feature in view.features if field in feature.fields
        )

    def with_fields(self, fields: Iterable[Field]) -> "Catalog":
        """Return a catalogue with these fields added, or put in place of those of their name.

        Raises: CatalogValueError: a field is at odds with itself, or a feature with the field
        as it would be now.
        """
        return Catalog({**self.fields, **{field.name: field for field in fields}}, self.views)

    def without_fields(self, names: Iterable[str]) -> "Catalog":
        """Return a catalogue without these fields.

        Raises: FieldInUseError: a feature derives from one of them.
        """
        gone = set(names)
        uses = [
            f"{name} is used by {tenant}'s {feature.full_name}"
            for name in sorted(gone)
            for tenant, feature in self.uses_of(name)
        ]
        if uses:
            raise FieldInUseError(tuple(uses))
        kept = {name: field for name, field in self.fields.items() if name not in gone}
        return Catalog(kept, self.views)

    def with_views(self, tenant: str, views: Iterable[FeatureView]) -> "Catalog":
        """Return a catalogue in which these are the tenant's views, all of them.

        Raises: CatalogValueError: a view is another tenant's, stands there twice, or derives
        from a field that is not catalogued or does not allow it.
        """
        given = tuple(views)
        strangers = [
            f"view {view.name} belongs to tenant {view.tenant}, not to {tenant}"
            for view in given
            if view.tenant != tenant
        ]
        if strangers:
            raise CatalogValueError(tuple(strangers))
        others = (view for view in self.views if view.tenant != tenant)
        return Catalog(self.fields, (*others, *given))

    def document(self) -> dict[str, object]:
        """Write the catalogue as plain data, the content of `revision`."""
        tenants = sorted({view.tenant for view in self.views})
        return {
            "v": FORMAT,
            "fields": [field_document(field) for field in self.fields.values()],
            "tenants": {tenant: [view_document(view) for view in self.views_of(tenant)] for tenant in tenants},
        }

    @classmethod
    def from_document(cls, document: object) -> "Catalog":
        """Read what `document` wrote.

        Raises: CatalogDocumentError: another format, or a missing, odd or contradictory part.
        """
        faults = ListedFaults([])
        keys = Part(document, (), faults).table(("v", "fields", "tenants"))
        if faults.messages or keys["v"].value != FORMAT:
            raise CatalogDocumentError("not a catalogue document of format 1")
        read = [decode_field(item) for item in keys["fields"].items()]
        fields = {field.name: field for field in read}
        views = [
            decode_view(item, tenant=tenant, fields=fields)
            for tenant, listed in keys["tenants"].entries()
            for item in listed.items()
        ]
        if len(fields) != len(read):
            faults.messages.append("fields: a name stands there twice")
        if faults.messages:
            raise CatalogDocumentError("; ".join(faults.messages))
        try:
            catalog = cls(fields, tuple(views))
        except CatalogValueError as error:
            raise CatalogDocumentError("; ".join(error.problems)) from error
        if catalog.document() != document:
            raise CatalogDocumentError("the document is not as this catalogue would be written")
        return catalog


def load_views(given: Path | str, tenant: str, *, catalog: Catalog | None = None) -> list[FeatureView]:
    """Read a file of a tenant's feature views.

    Shape: a path, or the YAML text itself; the fields of `catalog`, or the shipped ones ->
    views in file order, for `Catalog.with_views`.
    Raises: CatalogFileError: with every fault found, each with file, line and column.
        CatalogValueError: the tenant is no name. OSError: the file cannot be read.
    """
    if not is_name(tenant):
        raise CatalogValueError((f"`{tenant}` is no tenant: {NAME_RULE}",))
    known = Catalog.builtin() if catalog is None else catalog
    return load_view_file(given, tenant=tenant, fields=known.fields)


@cache
def _builtin() -> Catalog:
    return Catalog({field.name: field for field in builtin_fields()}, ())


def _bound(view: FeatureView, fields: Mapping[str, Field]) -> FeatureView:
    """Let a view's features derive from the fields as this catalogue has them."""
    return dataclasses.replace(
        view,
        features=tuple(
            dataclasses.replace(
                feature,
                inputs=tuple(fields.get(name) or unknown_field(name) for name in feature.fields),
            )
            for feature in view.features
        ),
    )


def _field_problems(fields: Mapping[str, Field]) -> list[str]:
    found = [
        f"field {name}: {key}: {problem}" for name, field in fields.items() for key, problem in field_problems(field)
    ]
    return found + [
        f"field {name}: filed under another name than its own, {field.name}"
        for name, field in fields.items()
        if name != field.name
    ]


def _view_problems(views: Iterable[FeatureView]) -> list[str]:
    found = []
    seen: set[tuple[str, str]] = set()
    for view in views:
        place = f"{view.tenant}'s view {view.name}"
        if (view.tenant, view.name) in seen:
            found.append(f"{place}: the name stands there twice")
        seen.add((view.tenant, view.name))
        names = [view.tenant, view.name, view.handler]
        names += [feature.name for feature in view.features]
        found += [f"{place}: `{name}` is no name: {NAME_RULE}" for name in names if not is_name(name)]
        if len({feature.name for feature in view.features}) != len(view.features):
            found.append(f"{place}: a feature stands there twice")
        for feature in view.features:
            found += _feature_problems(view, feature)
    return found


def _feature_problems(view: FeatureView, feature: Feature) -> list[str]:
    place = f"{view.tenant}'s feature {feature.full_name}"
    found = [f"{place}: {'/'.join(key)}: {problem}" for key, problem in feature_problems(feature)]
    found += [f"{place}: unknown field {field.name}" for field in feature.inputs if not field.classified]
    if feature.view != view.name:
        found.append(f"{place}: belongs to view {feature.view}, not to {view.name}")
    if not feature.fields:
        found.append(f"{place}: derives from no field")
    return found
