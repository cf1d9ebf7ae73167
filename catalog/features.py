"""Features and feature views: the values scoring reads, and the fields they derive from.

Rules enforced here:
- a feature's grade is at least the highest grade of its fields: deriving lowers nothing;
- a raw feature is the value of one field; what sums up or computes is aggregate or derived;
- a feature's form is no milder than the strictest of its fields allows, so that a further
  field can only make it stricter;
- the form a feature declares must be one it can be released in: a shape for flag and bucket,
  an identifier behind token and masked.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.errors import FormNotShapedError
from catalog.fields import Field, IdentifierKind
from catalog.forms import FORM_ORDER, ReleaseForm
from catalog.grades import UNKNOWN_GRADE
from catalog.shapes import Shaper, Shapes, ValueType, compile_shapers


class Transform(StrEnum):
    """How a feature comes from its fields."""

    RAW = "raw"
    AGGREGATE = "aggregate"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One value for scoring.

    Attributes:
        view, name: together `full_name`, written `view:name`.
        inputs: the catalogued fields it derives from, sorted by name.
        form: the mildest form in which the deployment lets it leave.
        fields: the names of the inputs.
        grade: the highest grade of the inputs.
        forms: the forms it can be released in, strictest first, none milder than `form`.
        provided_form: `form` for a recipient that is another handler than the view's.
        segment: the unit in which its stored value is sealed: features of one view that
            derive from the same fields share it.
    """

    view: str
    name: str
    zh: str
    en: str
    type: ValueType
    transform: Transform
    inputs: tuple[Field, ...]
    form: ReleaseForm
    shapes: Shapes
    full_name: str = dataclasses.field(init=False, compare=False)
    fields: tuple[str, ...] = dataclasses.field(init=False, compare=False)
    grade: int = dataclasses.field(init=False, compare=False)
    forms: tuple[ReleaseForm, ...] = dataclasses.field(init=False, compare=False)
    provided_form: ReleaseForm = dataclasses.field(init=False, compare=False)
    segment: str = dataclasses.field(init=False, compare=False)
    _shapers: Mapping[ReleaseForm, Shaper] = dataclasses.field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the inputs and compute everything that follows from them.

        Raises: ValueError: a shape does not fit the type (checked files never do).
        """
        inputs = tuple(sorted(self.inputs, key=lambda field: field.name))
        names = tuple(field.name for field in inputs)
        full_name = f"{self.view}:{self.name}"
        limits = (field.provided_form for field in inputs)
        computed = {
            "inputs": inputs,
            "fields": names,
            "full_name": full_name,
            "grade": max((field.grade for field in inputs), default=UNKNOWN_GRADE),
            "provided_form": ReleaseForm.strictest(self.form, *limits),
            "segment": segment_id(self.view, names),
            "_shapers": compile_shapers(full_name, self.type, self.shapes),
        }
        for name, value in computed.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "forms", available_forms(self))

    @property
    def allowed_form(self) -> ReleaseForm:
        """The mildest form its fields allow, whatever the feature declares."""
        return mildest_form(self.inputs, self.transform)

    @property
    def identifier(self) -> IdentifierKind | None:
        """The kind of identifier a raw feature is; None for anything else."""
        return self.inputs[0].identifier if self._is_one_raw_field else None

    @property
    def _is_one_raw_field(self) -> bool:
        return self.transform is Transform.RAW and len(self.inputs) == 1

    def shaper(self, form: ReleaseForm) -> Shaper:
        """Return the compiled function that shapes a value into a form.

        Raises: FormNotShapedError: the form is withheld, the vault's (token, masked), or has
            no declared shape.
        """
        found = self._shapers.get(form)
        if found is None:
            raise FormNotShapedError(self.full_name, form)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureView:
    """Features of one tenant that one handler holds.

    Attributes:
        handler: the party that holds the values; another recipient needs PIPL 23 consent.
        features: sorted by name.
    """

    tenant: str
    name: str
    handler: str
    zh: str
    en: str
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        """Sort the features."""
        features = tuple(sorted(self.features, key=lambda feature: feature.name))
        object.__setattr__(self, "features", features)


def segment_id(view: str, fields: Iterable[str]) -> str:
    """Name the segment of a view's features that derive from these fields.

    Shape: `<view>/<first 12 hex digits of SHA-256 of the sorted names joined by "+">`.
    """
    joined = "+".join(sorted(fields)).encode()
    return f"{view}/{hashlib.sha256(joined).hexdigest()[:12]}"


def mildest_form(inputs: Iterable[Field], transform: Transform) -> ReleaseForm:
    """Return the mildest form that the fields allow a feature; withheld without any field."""
    raw = transform is Transform.RAW
    limits = [field.form if raw else field.derived_form for field in inputs]
    return ReleaseForm.strictest(*limits) if limits else ReleaseForm.WITHHELD


def available_forms(feature: Feature) -> tuple[ReleaseForm, ...]:
    """Return the forms a feature can be released in, strictest first, up to its own form."""
    if feature.form is ReleaseForm.WITHHELD:
        return ()
    can = {ReleaseForm.PLAIN}
    if feature.shapes.flag is not None:
        can.add(ReleaseForm.FLAG)
    if feature.shapes.bucket is not None:
        can.add(ReleaseForm.BUCKET)
    if feature.identifier is not None and feature.type is ValueType.STRING:
        can.add(ReleaseForm.TOKEN)
        if feature.shapes.mask is not None:
            can.add(ReleaseForm.MASKED)
    return tuple(form for form in FORM_ORDER if form in can and not form.is_milder_than(feature.form))
