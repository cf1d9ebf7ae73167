"""Names of persons in prose: only where a word announces one.

A Chinese name has no form of its own: 2 to 4 Hanzi, surname first. Without a trained model a name in free prose cannot be
told from other words, so this finds names beside words such as 姓名 or 收货人 and leaves the rest (docs/evaluation.md
says how much that is). In a column, a rate over many cells tells names well without any model.
"""

import re
from collections.abc import Iterator
from typing import Final

from catalog.classify.values.finding import Finding
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.surnames import COMPOUND, SURNAMES

_CUE: Final = (
    r"(?:姓名|名字|户名|联系人|收货人|收件人|寄件人|借款人|申请人|担保人|持卡人|开户人|投保人|被保险人|紧急联系人|委托人|"
    r"法定代表人|法人代表|经办人|负责人|房东|租客|患者|客户|用户|机主|车主|业主|配偶|丈夫|妻子|父亲|母亲|儿子|女儿|同事|朋友|"
    r"本人|我叫|名叫|叫做|我是|转账给|转给|汇款给|付给|还给|借给|找一下|请问是|麻烦找|联系到|经理|跟进人|对接人|签收人|代办人|共借人)"
)
_LINK: Final = r"(?:[:为是叫]|姓名|名叫|一栏| ){0,4}"
_AFTER: Final = r"(?=先生|女士|小姐|同志|老师|经理|的|于|在|是|已|因|由|向|与|和|及|吗|跟进|处理|办理|签收|代收|承诺|称|表示|答应|反映|要求|反馈|回复|电话|手机|身份证|来电|申请|本人|确认|逾期|[^一-龥]|\Z)"
# Words that begin like a surname (车, 金) and follow such a cue as often as a name does.
_NOUNS: Final = (
    r"(?!车[牌辆型架主贷险况]|金[额卡融]|时[间段点效]|全[额部款]|常[用住驻]|高额|应[还付收]|安[全装]|利[率息]|费[用率]|平[台均]|"
    r"文[件档]|成[功交]|项目|单[位号据]|程序|计[划算]|方[式案便]|周[期末]|余额|查[询看]|房[产屋贷租]|商[户品家]|和解|明[细天确]|终[端止])"
)
_PATTERN: Final = re.compile(
    _CUE
    + _LINK
    + _NOUNS
    + rf"(?P<value>(?:(?:{'|'.join(COMPOUND)})[一-龥]{{1,2}}?|[{''.join(SURNAMES)}][一-龥]{{1,2}}?)){_AFTER}"
)
_ROLES: Final = "司机 客户 用户 家长 患者 病人 租客 房东 业主 车主 卖家 买家 学生 住户 店主 老板 导师 教练 律师 医生 护士 债务人 借款人 担保人".split()
_TITLED: Final = re.compile(
    rf"(?:(?<![一-龥])|{'|'.join(f'(?<={role})' for role in _ROLES)})(?P<value>(?:(?:{'|'.join(COMPOUND)})|[{''.join(SURNAMES)}])[一-龥]{{1,2}}?)(?=先生|女士|小姐|同志|师傅)"
)
_WHOLE: Final = re.compile(rf"(?:(?:{'|'.join(COMPOUND)})[一-龥]{{1,2}}|[{''.join(SURNAMES)}][一-龥]{{1,3}})")
_DOTTED: Final = re.compile(r"[一-龥]{2,8}·[一-龥]{2,8}")


def names(text: str) -> Iterator[Finding]:
    """Find announced names in a half-width text."""
    for pattern in (_PATTERN, _TITLED):
        for match in pattern.finditer(text):
            start, end = match.span("value")
            yield Finding("person_name", start, end, Likelihood.LIKELY, ("announced",))


def is_named(value: str) -> bool:
    """Say whether a cell may be a person's name: surname first, 2 to 4 Hanzi, or parts joined by a middle dot."""
    return _WHOLE.fullmatch(value) is not None or _DOTTED.fullmatch(value) is not None
