"""What can go wrong in the catalogue: one root, leaves with a stable code.

Messages name catalogue things only (fields, views, features, files, lines); a value of
a person never enters an error of this room.
"""

from dataclasses import dataclass
from typing import ClassVar


class CatalogError(Exception):
    """Root of every error of the catalogue."""

    code: ClassVar[str] = "catalog/error"


class CanonicalFormError(CatalogError):
    """The value has no canonical JSON form (a float, a foreign type, too deep, too large)."""

    code: ClassVar[str] = "catalog/not_canonical"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a catalogue file: where it is, what it is and what to do.

    Shape: line and column count from 1.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Return `file:line:column: message`, the form editors turn into a link."""
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class CatalogFileError(CatalogError):
    """A catalogue file was refused; every fault found in it is listed."""

    code: ClassVar[str] = "catalog/file_refused"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults in file order; the message is one line for each."""
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class CatalogValueError(CatalogError):
    """Fields or views do not fit together; nothing was changed."""

    code: ClassVar[str] = "catalog/value_refused"

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep every problem found, each a sentence that names the field, view or feature."""
        self.problems = problems
        super().__init__("\n".join(problems))


class FieldInUseError(CatalogError):
    """A field was to be removed although features still derive from it."""

    code: ClassVar[str] = "catalog/field_in_use"

    def __init__(self, uses: tuple[str, ...]) -> None:
        """Keep the uses, each written `field: tenant view:feature`."""
        self.uses = uses
        super().__init__(
            "remove or change these features first: " + "; ".join(uses),
        )


class CatalogDocumentError(CatalogError):
    """A stored catalogue document cannot be read (other version, missing or damaged part)."""

    code: ClassVar[str] = "catalog/document_refused"


class RevisionNotFoundError(CatalogError):
    """No catalogue revision with this digest was ever stored."""

    code: ClassVar[str] = "catalog/revision_not_found"

    def __init__(self, revision: str) -> None:
        """Keep the digest that was asked for."""
        self.revision = revision
        super().__init__(f"no catalogue revision {revision}")


class ViewNotFoundError(CatalogError):
    """The tenant has no feature view of this name."""

    code: ClassVar[str] = "catalog/view_not_found"

    def __init__(self, tenant: str, view: str) -> None:
        """Keep the tenant and the name that was asked for."""
        self.tenant = tenant
        self.view = view
        super().__init__(f"{tenant} has no feature view {view}")


class ShapeError(CatalogError):
    """A value could not be shaped into a release form."""

    code: ClassVar[str] = "catalog/not_shaped"


class FormNotShapedError(ShapeError):
    """The feature cannot be shaped here into this form (token and masked are the vault's)."""

    code: ClassVar[str] = "catalog/form_not_shaped"

    def __init__(self, feature: str, form: str) -> None:
        """Keep the feature's full name and the form asked for."""
        self.feature = feature
        self.form = form
        super().__init__(f"feature {feature} has no shape for the form {form}")


class ValueTypeError(ShapeError):
    """A feature's value is not of its declared type; the value itself is not repeated."""

    code: ClassVar[str] = "catalog/value_type"

    def __init__(self, feature: str, expected: str) -> None:
        """Keep the feature's full name and the type it declares."""
        self.feature = feature
        self.expected = expected
        super().__init__(f"feature {feature} holds a value that is not of type {expected}")
