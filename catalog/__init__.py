"""What data there is: fields with their grades, feature views, and the forms they may take.

The catalogue says for every field which law and standard speaks about it, how high it is
graded and in which form it may leave; for every feature, which fields it derives from. All
of it is a value with a revision, so that a decision can name the catalogue it was made under.
"""

from catalog.canonical import canonical, digest
from catalog.catalogue import Catalog, load_views
from catalog.errors import (
    CanonicalFormError,
    CatalogDocumentError,
    CatalogError,
    CatalogFileError,
    CatalogValueError,
    Fault,
    FieldInUseError,
    FormNotShapedError,
    RevisionNotFoundError,
    ShapeError,
    ValueTypeError,
    ViewNotFoundError,
)
from catalog.features import Feature, FeatureView, Transform, segment_id
from catalog.fields import (
    Field,
    IdentifierKind,
    LawfulBasis,
    MinorsRule,
    WrittenRule,
    unknown_field,
)
from catalog.forms import FORM_ORDER, ReleaseForm
from catalog.grades import (
    UNKNOWN_GRADE,
    Gbt43697,
    GradePart,
    Jrt0171,
    Nfra,
    PiplKind,
    SensitiveKind,
)
from catalog.loading import load_fields
from catalog.names import NAME_RULE, is_name
from catalog.retention import Retention, RetentionCode
from catalog.shapes import Shapes, ValueType, shape

__all__ = [
    "FORM_ORDER",
    "NAME_RULE",
    "UNKNOWN_GRADE",
    "CanonicalFormError",
    "Catalog",
    "CatalogDocumentError",
    "CatalogError",
    "CatalogFileError",
    "CatalogValueError",
    "Fault",
    "Feature",
    "FeatureView",
    "Field",
    "FieldInUseError",
    "FormNotShapedError",
    "Gbt43697",
    "GradePart",
    "IdentifierKind",
    "Jrt0171",
    "LawfulBasis",
    "MinorsRule",
    "Nfra",
    "PiplKind",
    "ReleaseForm",
    "Retention",
    "RetentionCode",
    "RevisionNotFoundError",
    "SensitiveKind",
    "ShapeError",
    "Shapes",
    "Transform",
    "ValueType",
    "ValueTypeError",
    "ViewNotFoundError",
    "WrittenRule",
    "canonical",
    "digest",
    "is_name",
    "load_fields",
    "load_views",
    "segment_id",
    "shape",
    "unknown_field",
]
