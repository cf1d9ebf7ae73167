"""Faults of rows and persons as places of an invalid request, in both languages; never what stood there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.problems.validation import OTHER

WORDS: Mapping[str, tuple[str, str]] = {
    # of a person (gate.registering, vault)
    "unknown_field": ("不是目录中的标识字段", "is not an identifier of the catalogue"),
    "no_identifier": ("至少需要一项标识", "must hold an identifier beside the birth date"),
    "birth_date_disagrees": ("出生日期互相矛盾", "disagrees with the birth date that is known"),
    "other_person": ("与已知信息属于不同的人", "belongs to another person than the rest"),
    "key_missing": ("该主体的密钥已销毁", "belongs to a person whose key is gone"),
    "not_text": ("应为文本", "must be a text"),
    "empty": ("为空", "is empty"),
    "too_long": ("过长", "is too long"),
    "characters": ("含有不允许的字符", "holds characters that are not allowed"),
    "shape": ("格式有误", "has the wrong form"),
    "check_digit": ("校验码有误", "has a wrong check digit"),
    "date": ("日期不存在", "holds a date that does not exist"),
    "future": ("日期在将来", "holds a date in the future"),
    "ambiguous": ("无法唯一解读", "can be read in more than one way"),
    "void": ("不是真实号码", "is no real number"),
    # of a score (lineage)
    "read_unusable": ("不能作为该评分的依据", "is no read that the score may rest on"),
    # of a row of values (gate.loading)
    "not_integer": ("应为整数", "must be an integer"),
    "not_number": ("应为数字", "must be a number"),
    "not_boolean": ("应为布尔值", "must be true or false"),
    "not_date": ("应为日期", "must be a date"),
    "not_string": ("应为文本", "must be a text"),
    "in_future": ("时间在将来", "lies in the future"),
    "identifier": ("含有该字段未声明的个人标识", "holds an identifier of a person that its field is not declared for"),
    "unknown_feature": ("视图中没有这一特征", "holds a feature the view does not have"),
    "subject_unknown": ("没有这一个人信息主体", "is no data subject known here"),
    "subject_unreadable": ("该主体已存的值无法打开", "is a data subject whose stored values do not open"),
}


def place(pointer: str, fault: str) -> dict[str, Any]:
    """One failing place of a body; ``pointer`` consists of positions and of names of ours."""
    zh, en = WORDS.get(fault, OTHER)
    return {"in": "body", "pointer": f"#{pointer}", "kind": fault, "message_zh": zh, "message_en": en}
