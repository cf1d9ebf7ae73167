"""Feature views as documents: the one format of files, the store and the revision."""

from collections.abc import Mapping

from catalog.features import Feature, FeatureView, Transform
from catalog.fields import Field, unknown_field
from catalog.forms import ReleaseForm
from catalog.reading import UNNAMED, Part, suggestion
from catalog.shape_format import decode_shapes, shapes_document
from catalog.shapes import Shapes, ValueType

VIEW_KEYS = ("name", "handler", "zh", "en", "features")
FEATURE_KEYS = ("name", "zh", "en", "type", "transform", "fields", "form")


def decode_view(part: Part, *, tenant: str, fields: Mapping[str, Field]) -> FeatureView:
    """Read one view of a tenant, noting its faults; what could not be read has a stand-in."""
    keys = part.table(VIEW_KEYS)
    name = keys["name"].name() if "name" in keys else UNNAMED
    features: dict[str, Feature] = {}
    for item in keys["features"].items() if "features" in keys else ():
        feature = decode_feature(item, view=name, fields=fields)
        if feature is None:
            continue
        if feature.name != UNNAMED and feature.name in features:
            item.at("name").fault(f"feature `{feature.name}` stands in this view twice")
        features[feature.name] = feature
    if "features" in keys and not keys["features"].value:
        keys["features"].fault("a view needs at least one feature")
    return FeatureView(
        tenant=tenant,
        name=name,
        handler=keys["handler"].name() if "handler" in keys else UNNAMED,
        zh=keys["zh"].text() if "zh" in keys else "?",
        en=keys["en"].text() if "en" in keys else "?",
        features=tuple(features.values()),
    )


def decode_feature(part: Part, *, view: str, fields: Mapping[str, Field]) -> Feature | None:
    """Read one feature; None if it is too incomplete to be one.

    How its parts fit together is judged once each part is right, so that one slip is one fault.
    """
    before = part.faults.count
    keys = part.table(FEATURE_KEYS, ("shapes",))
    if any(key not in keys for key in FEATURE_KEYS):
        return None
    kind = keys["type"].choice(ValueType)
    feature = Feature(
        view=view,
        name=keys["name"].name(),
        zh=keys["zh"].text(),
        en=keys["en"].text(),
        type=kind,
        transform=keys["transform"].choice(Transform),
        inputs=_inputs(keys["fields"], fields),
        form=keys["form"].choice(ReleaseForm),
        shapes=decode_shapes(keys["shapes"], kind) if "shapes" in keys else Shapes(),
    )
    if part.faults.count > before:
        return feature
    for key, problem in feature_problems(feature):
        part.at(*key).fault(problem)
    return feature


def view_document(view: FeatureView) -> dict[str, object]:
    """Write a view in full, without its tenant."""
    return {
        "name": view.name,
        "handler": view.handler,
        "zh": view.zh,
        "en": view.en,
        "features": [_feature_document(feature) for feature in view.features],
    }


def _feature_document(feature: Feature) -> dict[str, object]:
    return {
        "name": feature.name,
        "zh": feature.zh,
        "en": feature.en,
        "type": feature.type.value,
        "transform": feature.transform.value,
        "fields": list(feature.fields),
        "form": feature.form.value,
        "shapes": shapes_document(feature.shapes),
    }


def feature_problems(feature: Feature) -> list[tuple[tuple[str, ...], str]]:
    """Say what does not fit between a feature, its form and its fields.

    Shape: (keys that lead to the part at fault, sentence) pairs.
    """
    found: list[tuple[tuple[str, ...], str]] = []
    if feature.transform is Transform.RAW and len(feature.fields) > 1:
        message = "a raw feature is the value of one field; use aggregate or derived"
        found.append((("transform",), message))
    mask = feature.shapes.mask
    if mask is not None and mask != feature.identifier:
        holds = feature.identifier or "not a raw identifier"
        found.append((("shapes", "mask"), f"mask {mask} does not fit: the feature is {holds}"))
    if feature.form.is_milder_than(feature.allowed_form):
        found.append((("form",), _too_mild(feature)))
    elif feature.form is not ReleaseForm.WITHHELD and feature.form not in feature.forms:
        found.append((("form",), _unavailable(feature)))
    return found


def _inputs(part: Part, fields: Mapping[str, Field]) -> tuple[Field, ...]:
    inputs: dict[str, Field] = {}
    for item in part.items():
        name = item.name()
        if name != UNNAMED and name in inputs:
            item.fault(f"field `{name}` stands here twice")
        elif name not in fields and name != UNNAMED:
            item.fault(f"unknown field `{name}`{suggestion(name, fields)}")
        inputs[name] = fields.get(name) or unknown_field(name)
    if not inputs:
        part.fault("name at least one field the feature derives from")
    return tuple(inputs.values())


def _too_mild(feature: Feature) -> str:
    raw = feature.transform is Transform.RAW
    limits = {field.name: field.form if raw else field.derived_form for field in feature.inputs}
    strict = ", ".join(f"{name} ({limit})" for name, limit in limits.items() if feature.form.is_milder_than(limit))
    return (
        f"{feature.form} is milder than its fields allow {feature.transform}: {strict}; "
        f"use {feature.allowed_form} or stricter"
    )


def _unavailable(feature: Feature) -> str:
    match feature.form:
        case ReleaseForm.FLAG:
            return "the form flag needs `shapes: {flag: ...}`"
        case ReleaseForm.BUCKET:
            return "the form bucket needs `shapes: {bucket: ...}`"
        case ReleaseForm.TOKEN:
            return "the form token needs a raw string feature of one identifier field"
        case _:
            return "the form masked needs `shapes: {mask: ...}` on a raw string identifier"
