"""Reading catalogue files: fields of a deployment, feature views of a tenant.

Every fault of a file is reported at once, each with file, line and column.
"""

from collections.abc import Mapping
from pathlib import Path

from catalog.features import FeatureView
from catalog.field_format import decode_field
from catalog.fields import Field
from catalog.reading import UNNAMED, Part
from catalog.view_format import decode_view
from catalog.yaml_source import read_source

DATA = Path(__file__).parent / "data"


def load_fields(given: Path | str) -> list[Field]:
    """Read a file of fields.

    Shape: a path, or the YAML text itself -> fields in file order.
    Raises: CatalogFileError: with every fault found. OSError: the file cannot be read.
    """
    source = read_source(given)
    fields: dict[str, Field] = {}
    for item in _listed(Part(source.data, (), source), "fields"):
        field = decode_field(item)
        if field.name != UNNAMED and field.name in fields:
            item.at("name").fault(f"field `{field.name}` stands in this file twice")
        fields[field.name] = field
    source.refuse_faults()
    return list(fields.values())


def builtin_fields() -> list[Field]:
    """Read the fields that ship with the product.

    Raises: CatalogFileError: never for an intact installation.
    """
    return [field for path in sorted(DATA.glob("*.yaml")) for field in load_fields(path)]


def load_view_file(given: Path | str, *, tenant: str, fields: Mapping[str, Field]) -> list[FeatureView]:
    """Read a file of feature views of one tenant, deriving from known fields.

    Shape: a path, or the YAML text itself -> views in file order.
    Raises: CatalogFileError: with every fault found. OSError: the file cannot be read.
    """
    source = read_source(given)
    views: dict[str, FeatureView] = {}
    for item in _listed(Part(source.data, (), source), "views"):
        view = decode_view(item, tenant=tenant, fields=fields)
        if view.name != UNNAMED and view.name in views:
            item.at("name").fault(f"view `{view.name}` stands in this file twice")
        views[view.name] = view
    source.refuse_faults()
    return list(views.values())


def _listed(part: Part, key: str) -> list[Part]:
    keys = part.table((key,))
    return keys[key].items() if key in keys else []
