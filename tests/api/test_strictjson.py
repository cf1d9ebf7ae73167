"""JSON with one meaning, or none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.strictjson import MalformedJsonError, parse


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":2}', "request/duplicate_key"),
        (b'{"a":{"b":1,"b":1}}', "request/duplicate_key"),
        (b'{"a":1,"\\u0061":2}', "request/duplicate_key"),
        (b"NaN", "request/number_out_of_range"),
        (b"[-Infinity]", "request/number_out_of_range"),
        (b"1e999", "request/number_out_of_range"),
        (b"9223372036854775808", "request/number_out_of_range"),
        (b"1" * 5000, "request/number_out_of_range"),
        (b"0." + b"1" * 5000, "request/number_out_of_range"),
        (b"[" * 17 + b"1" + b"]" * 17, "request/too_deep"),
        (b"[" * 60_000, "request/too_deep"),
        (b'{"a":' * 20_000, "request/too_deep"),
        (b"{} {}", "request/malformed_json"),
        (b"{}\n]", "request/malformed_json"),
        (b"{'a':1}", "request/malformed_json"),
        (b"[1,]", "request/malformed_json"),
        (b'"\n"', "request/malformed_json"),
        (b"", "request/malformed_json"),
        (b"\xef\xbb\xbf{}", "request/malformed_json"),
        ("{}".encode("utf-16"), "request/not_utf8"),
        (b'"\xff"', "request/not_utf8"),
        (b'"\\ud800"', "request/not_utf8"),
        (b'{"\\udfff":1}', "request/not_utf8"),
        (b'["\\u0000"]', "request/not_utf8"),
    ],
)
def test_what_has_no_single_meaning_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(MalformedJsonError) as caught:
        parse(raw, depth=16)
    assert caught.value.code == code


def test_the_deepest_allowed_value_passes() -> None:
    assert parse(b"[" * 16 + b"1" + b"]" * 16, depth=16) is not None


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc\u4e2d"), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_every_other_value_is_read_as_it_was_written(value: Any) -> None:
    assert parse(json.dumps(value, ensure_ascii=False).encode(), depth=64) == value
    assert parse(json.dumps(value).encode(), depth=64) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = parse(raw, depth=16)
    except MalformedJsonError:
        return
    assert value == json.loads(raw)
