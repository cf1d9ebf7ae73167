"""One recogniser: a pattern, a judge, the words that speak for and against it.

Rules enforced here:
- a pattern never begins or ends inside a longer run of letters or digits; the borders are written out, since to Python
  a Hanzi is a word character and a word boundary beside one does not exist;
- a number announced as that of something else (受理号, 批次编码) is not taken for this kind;
- a word of context stands in the same clause, before the value or right after it; of a word for and one against, the
  nearer counts; behind a comma a word against says nothing any more.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from catalog.classify.values.finding import Finding, Judge, Judgement
from catalog.classify.values.likelihood import Likelihood, moved
from catalog.classify.values.normal import compact, without_names

BEGIN: Final = r"(?<![0-9A-Za-z])(?<![0-9]\.)"
END: Final = r"(?![0-9A-Za-z])(?!\.[0-9])"
BEFORE: Final = 26
AFTER: Final = 10
_NUMBER: Final = r"(?:其|该)?(?:证件|证书)?(?:编号|证号|号码|卡号|账号|用户号|会员号|用户id|号)[ :为是(]{0,3}"
_TOLD: Final = (
    r"(?:他|她|我|您|对方|客户|用户|本人)?"
    r"(?:(?:口述|自述|回答|写|答|说|报|念|填|给|提供|输|回|发)[的了着]?(?:是|为)?|[应实]?[是为]|改[为成])[ :]?"
)
_INTRO: Final = re.compile(rf"[ (]?(?:{_NUMBER}|{_TOLD})")
"""All that may stand between a clause that announces a value and the value."""
_OTHER_NUMBER: Final = re.compile(r"(?P<noun>[一-龥]{1,6}(?:编号|编码|代码|号|码|单|ID|id))[ :为是]{0,3}\Z")
_OPEN_NUMBER: Final = re.compile(r"(?:账号|帐号|尾号|号码|微信号|支付宝号)\Z")
_ASIDE: Final = re.compile(r"[证卡]?(?:\([一-龥]{0,6})?\)?")
_CLAUSE: Final = re.compile(r"[。;!?\n]|,(?![0-9])")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one kind, compiled; None where there are none."""

    near: re.Pattern[str] | None
    against: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A recogniser of one kind.

    Attributes:
        pattern: takes linear time; the group `value` is the finding, or else all of it.
        judge: judges the compact value, or the value as it stands if `is_raw`.
        floor: what is less likely than this is not a finding.
    """

    kind: str
    pattern: re.Pattern[str]
    judge: Judge
    words: Words
    is_raw: bool = False
    floor: Likelihood = Likelihood.POSSIBLE

    def findings(self, text: str, today: date, *, bare: str | None = None) -> Iterator[Finding]:
        """Find this kind in a half-width text. Shape: `bare` is the text `without_names`, if the caller has it."""
        group = "value" if "value" in self.pattern.groupindex else 0
        is_spoken_of = self.words.near is not None and self.words.near.search(text) is not None
        for match in self.pattern.finditer(without_names(text) if bare is None else bare):
            start, end = match.span(group)
            found = self.judged(match[group], today)
            if found is None or (found.alone < self.floor and not is_spoken_of):
                continue
            likelihood, reasons = self.weighed(found, text, start, end)
            if likelihood >= self.floor:
                yield Finding(self.kind, start, end, likelihood, reasons)

    def judged(self, value: str, today: date) -> Judgement | None:
        """Judge one half-width value that has the pattern."""
        return self.judge(value if self.is_raw else compact(value), today)

    def of_cell(self, cell: str, today: date) -> Judgement | None:
        """Judge a whole half-width cell of a column, also in lower case; None if it is not of this kind."""
        match = self.pattern.fullmatch(cell)
        if match is None and not self.is_raw and (upper := cell.upper()) != cell:
            match = self.pattern.fullmatch(upper)
        if match is None:
            return None
        return self.judged(match["value"] if "value" in self.pattern.groupindex else match[0], today)

    def weighed(self, found: Judgement, text: str, start: int, end: int) -> tuple[Likelihood, tuple[str, ...]]:
        """Weigh a judgement by the words around it."""
        side = self._side(text, start, end)
        if side > 0:
            return found.near, (found.reason, "context_for")
        if side < 0:
            return moved(found.alone, -1 if found.bears_against else -2), (found.reason, "context_against")
        return found.alone, (found.reason,)

    def _side(self, text: str, start: int, end: int) -> int:
        """1 if a word speaks for the kind, -1 if one speaks against it, 0 without any."""
        before = _last_clause(text[max(start - BEFORE, 0) : start])
        support = _last(self.words.near, before)
        is_apart = before.endswith((",", ", "))
        doubt = -1 if is_apart else _last(self.words.against, before, behind=_ends(self.words.near, before))
        doubt = max(doubt, _other_number(before, support))
        if support <= doubt and _INTRO.fullmatch(before) and self._announced(text, start - len(before)):
            return 1
        if support < 0 and doubt < 0:
            after = _CLAUSE.split(text[end : end + AFTER], maxsplit=1)[0]
            return int(self.words.near is not None and self.words.near.search(after) is not None)
        return 1 if support >= doubt else -1

    def _announced(self, text: str, place: int) -> bool:
        """Whether a word speaks for the kind in the clause before the one that begins at a place."""
        before = _last_clause(text[max(place - BEFORE, 0) : place].rstrip(",;。 "))
        return _last(self.words.near, before) >= 0


def _other_number(before: str, support: int) -> int:
    """Where a number of something else is announced right before a value (受理号), -1 where none is.

    Shape: `support` is where the last word for the kind ends; inside the announcement it makes it one of this kind (手机号).
    An account or an end may be a number of any kind.
    """
    found = _OTHER_NUMBER.search(before)
    if found is None or support > found.start("noun") or _OPEN_NUMBER.search(found["noun"]):
        return -1
    if support >= 0 and _ASIDE.fullmatch(before, support, found.start("noun")):
        return -1
    return found.end("noun")


def _last_clause(text: str) -> str:
    """What stands after the last sign that ends a clause; a comma at the very end ends nothing yet."""
    place = 0
    for match in _CLAUSE.finditer(text.rstrip(", ")):
        place = match.end()
    return text[place:]


def _last(words: re.Pattern[str] | None, text: str, *, behind: frozenset[int] = frozenset()) -> int:
    """Where the last of the words ends, -1 without one; words that begin at `behind` only complete another (证 + 编号)."""
    place = -1
    if words is not None:
        for match in words.finditer(text):
            if match.start() not in behind:
                place = max(place, match.end(1))
    return place


def _ends(words: re.Pattern[str] | None, text: str) -> frozenset[int]:
    """Where words end, and where what stands in brackets behind them does: 居留证(旧版)编号 is one noun."""
    ends = set() if words is None else {match.end(1) for match in words.finditer(text)}
    return frozenset(ends | {aside.end() for end in ends if (aside := _ASIDE.match(text, end))})
