"""Made-up features and views over the shipped fields."""

from hypothesis import strategies as st

from catalog import Catalog, Feature, FeatureView, Field, ReleaseForm, Shapes, Transform, ValueType
from catalog.features import mildest_form
from catalog.shapes import EdgeBuckets, FlagShape, FlagTest, range_labels

FIELDS = tuple(Catalog.builtin().fields.values())
EDGES = ("1", "10", "100")
SHAPES = Shapes(
    flag=FlagShape(FlagTest.AT_LEAST, ("1",)),
    bucket=EdgeBuckets(EDGES, range_labels(EDGES)),
)

names = st.from_regex(r"[a-z][a-z_]{0,8}[0-9]{0,3}", fullmatch=True)
inputs = st.lists(st.sampled_from(FIELDS), min_size=1, max_size=5, unique_by=lambda field: field.name)


def make(name: str, fields: list[Field], transform: Transform, *, view: str = "v") -> Feature:
    """A feature in the mildest form that its fields and shapes admit."""
    shapeable = {ReleaseForm.WITHHELD, ReleaseForm.FLAG, ReleaseForm.BUCKET, ReleaseForm.PLAIN}
    allowed = mildest_form(fields, transform)
    form = min(
        (form for form in shapeable if not form.is_milder_than(allowed)),
        key=lambda form: form.strictness,
    )
    return Feature(
        view=view,
        name=name,
        zh="值",
        en="Value",
        type=ValueType.INTEGER,
        transform=transform,
        inputs=tuple(fields),
        form=form,
        shapes=SHAPES,
    )


@st.composite
def features(draw: st.DrawFn, view: str) -> Feature:
    transform = draw(st.sampled_from(Transform))
    fields = draw(inputs)
    kept = fields[:1] if transform is Transform.RAW else fields
    return make(draw(names), kept, transform, view=view)


@st.composite
def views(draw: st.DrawFn, tenant: str = "one") -> FeatureView:
    name = draw(names)
    listed = draw(st.lists(features(name), min_size=1, max_size=4, unique_by=lambda feature: feature.name))
    return FeatureView(tenant=tenant, name=name, handler="lender", zh="视图", en="View", features=tuple(listed))


view_lists = st.lists(views(), max_size=4, unique_by=lambda view: view.name)
