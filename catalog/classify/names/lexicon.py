"""Matching a column's name with the lexicon.

Rules enforced here:
- a name is cut into words at case, digits, separators; words that stand before many names (customer, 客户, t, col) and
  words that say how a value is protected (md5, enc) count for nothing;
- the whole name matches best, then a phrase at its end, then one inside it; a last word that makes another thing of it
  (mobile_count, email_flag) takes most of the score away;
- Chinese names match by their longest known part, also without what a comment explains in brackets or behind a sign
  (性别(0男1女), 状态:0正常); pinyin and English written together like their parts;
- words written together are cut where the lexicon's own words part them (uregtime, jointime); initials of pinyin may
  end as code tables end them (XBM, MZDM: 码, 代码);
- pinyin may end a longer word (jiekuanrenxingming), and initials of whose it is may stand before others (jkrxm);
- the span of time a figure is of (last_30_days, 近30天) counts for nothing;
- a compound's last noun says what it is, and a word before it of what (compounds.py);
- what begins with is_ or has_ and says nothing else is a flag, and never a kind that does not answer yes or no; a name
  that says how its values are protected and nothing of a person is a digest.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from catalog.classify.columns.kinds import column_kinds
from catalog.classify.names.compounds import chinese_compounds, compound_words, latin_compounds
from catalog.classify.names.cutting import LEAST, cut
from catalog.classify.values.normal import halved
from catalog.classify.values.rules import DATA

HERE: Final = Path(__file__).parent
LANGUAGES: Final = {"zh": "chinese", "py": "pinyin", "in": "initials", "en": "english", "ab": "abbreviation"}
BESIDE_HANZI: Final = 0.7
"""What Latin words count for in a name that is Chinese for the rest (设备指纹ID)."""
WHEN_CUT: Final = 0.95
ASKED: Final = 0.6
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[一-龥]+|[0-9]+[a-z]?")
_DOCUMENT: Final[dict[str, Any]] = yaml.safe_load((DATA / "name_words.yaml").read_text(encoding="utf-8"))
_NEUTRAL: Final = frozenset(_DOCUMENT["neutral"])
_HEADS: Final = frozenset(_DOCUMENT["heads"])
_UNITS: Final = frozenset(_DOCUMENT["units"])
_SAME: Final = {word: plain for plain, others in _DOCUMENT["same"].items() for word in others}
_PROTECTIONS: Final = frozenset(_DOCUMENT["protections"])
_QUESTIONS: Final = frozenset(_DOCUMENT["questions"])
_ROLES: Final = tuple(_DOCUMENT["roles"])
_CODED: Final = ("dm", "bm", "m", "id", "no", "hm", "h", "mc")
_ENDS: Final = {end: kind for kind, ends in _DOCUMENT["ends"].items() for end in ends}
_PLAIN_ZH: Final = (("帐", "账"), ("登陆", "登录"), ("證", "证"), ("號", "号"))
"""Other ways of writing the same in Chinese names."""
ENOUGH: Final = 6
"""The letters from which pinyin at the end of a longer word is no accident."""
_WINDOW: Final = re.compile(
    r"\b(?:(?:last|past|recent|in|within|near|prev|prior) )*"
    r"[0-9]{1,3} ?(?:d|days?|w|weeks?|m|mons?|months?|y|years?|h|hours?)\b"
)
"""The span of time a figure is of: it says nothing of what is counted (login_count_last_30_days)."""
_COUNTED: Final = frozenset({"num", "nums", "number"})
"""Words that with a span of time say how many, and without one say which (order_num_12m)."""
_UNSPELT: Final = frozenset({"py", "in"})
"""Languages whose words are no English words in another spelling (edu is 额度)."""
_NEUTRAL_ZH: Final = re.compile(
    r"近[0-9一二三六]+个?[天日月周年]内?|客户|用户|借款人|申请人|会员|本人|个人|当前|最近|主|的|信息(?=.)|字段"
)
_SIGNS_ZH: Final = re.compile(r"[\s_\-()（）:：/,.0-9]")
_BRACKETED: Final = re.compile(r"\([^()]{0,80}\)")
_EXPLAINED: Final = re.compile(r"[(:;,/|。]")
_CODES_ZH: Final = re.compile(r"(?:代码|编码|码)\Z")
_IDLE_ZH: Final = re.compile(r"(?:名称|值|情况|信息|数据|内容|字段|字符串|原文|列表|明细|详情)\Z")
"""What ends a Chinese name and changes nothing of a personal kind (收款方名称)."""
_QUESTION_ZH: Final = re.compile(r"是否|有无")
_HEADS_ZH: Final = re.compile(
    r"(?:数|次数|数量|标志|状态|类型|时间|日期|品牌|等级|比例|是否|来源|归属地|个数|长度|有效)$"
)


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A kind a name points to: how strongly (0 to 1), and by which language of the lexicon."""

    kind: str
    score: float
    language: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    kind: str
    language: str
    words: tuple[str, ...]


@cache
def _phrases() -> tuple[Mapping[str, tuple[_Phrase, ...]], Mapping[str, tuple[_Phrase, ...]]]:
    """Phrases by what they are written together, for Chinese and for Latin names."""
    chinese: dict[str, list[_Phrase]] = {}
    latin: dict[str, list[_Phrase]] = {}
    for path in sorted(HERE.glob("*.yaml")):
        document: dict[str, dict[str, list[Any]]] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  the base loader makes texts only
        for kind, languages in document.items():
            for language, texts in languages.items():
                for text in texts:
                    words = raw_words(text) if language in _UNSPELT else words_of(text)
                    _place(_Phrase(kind, LANGUAGES[language], tuple(words)), text, chinese, latin)
    return _frozen(chinese), _frozen(latin)


def _place(phrase: _Phrase, text: str, chinese: dict[str, list[_Phrase]], latin: dict[str, list[_Phrase]]) -> None:
    if text.isascii():
        latin.setdefault("".join(phrase.words), []).append(phrase)
    else:
        chinese.setdefault(_written(text), []).append(phrase)


def _written(text: str) -> str:
    """Chinese text as the lexicon keeps it."""
    plain = halved(text).lower()
    for other, usual in _PLAIN_ZH:
        plain = plain.replace(other, usual)
    return plain


def _frozen(found: Mapping[str, list[_Phrase]]) -> Mapping[str, tuple[_Phrase, ...]]:
    return {key: tuple(phrases) for key, phrases in found.items()}


def raw_words(name: str) -> list[str]:
    """Cut a name into lower-case words."""
    return [word.lower() for word in _WORDS.findall(halved(name))]


def words_of(name: str) -> list[str]:
    """Cut a name into lower-case words, each in one spelling."""
    return _spelt(raw_words(name))


def _spelt(words: Iterable[str]) -> list[str]:
    return [_SAME.get(word, word) for word in words]


def match_name(name: str) -> list[NameMatch]:
    """Return the kinds a name points to, strongest first. Shape: a column's name or its comment, any length."""
    best: dict[str, NameMatch] = {}
    short = name[:200]
    for found in (*_latin(short), *_chinese(_written(short))):
        if found.kind in column_kinds() and found.score > best.get(found.kind, _NONE).score:
            best[found.kind] = found
    if _is_question(short):
        best = {kind: _unless_asked(found) for kind, found in best.items()}
    return sorted(best.values(), key=lambda one: (-one.score, one.kind))


def _is_question(name: str) -> bool:
    words = raw_words(name)
    return (len(words) > 1 and words[0] in _QUESTIONS) or _QUESTION_ZH.match(name) is not None


def _unless_asked(found: NameMatch) -> NameMatch:
    """What answers yes or no (is_vip) is no kind that cannot, unless the lexicon knows the whole question."""
    if found.score >= 0.99 or "flag" in column_kinds()[found.kind].forms | column_kinds()[found.kind].assumed:
        return found
    return replace(found, score=found.score * ASKED)


_NONE: Final = NameMatch("", 0.0, "")


def _latin(name: str) -> Iterator[NameMatch]:
    spoken = name if name.isascii() else _EXPLAINED.split(halved(name), maxsplit=1)[0]
    raw = [word for word in raw_words(spoken) if word.isascii()]
    if not raw:
        return
    worth = 1.0 if name.isascii() else BESIDE_HANZI
    yield from _matches(raw, worth)
    yield from _matches(_spelt(raw), worth)
    timeless = _WINDOW.sub(" ", " ".join(raw)).split()
    if timeless and len(timeless) < len(raw):
        timeless = [*timeless[:-1], "count" if timeless[-1] in _COUNTED else timeless[-1]]
        yield from _matches(_spelt(timeless), worth * WHEN_CUT)
    pieces = [piece for word in raw for piece in cut(word, vocabulary())]
    if len(pieces) > len(raw):
        yield from _matches(_spelt(pieces), worth * WHEN_CUT)
    if name.isascii():
        yield from _coded(raw)
        yield from _spoken(raw[-1])
        yield from _plain(raw)


def _matches(words: list[str], worth: float) -> Iterator[NameMatch]:
    """What a list of words points to; `worth` is the score of a whole match."""
    _, phrases = _phrases()
    told = [word for word in words if word not in _NEUTRAL and len(word) > 1 and not word.isdecimal()]
    bare = told[:-1] if len(told) > 1 and told[-1] in _UNITS else told
    led = next((place for place, word in enumerate(words) if word not in _NEUTRAL), len(words))
    behind = ((words[place:], 0.98) for place in range(1, led))
    for candidate, top in ((words, 1.0), *behind, (told, 0.97), (bare, 0.9)):
        for phrase in phrases.get("".join(candidate), ()):
            if len(phrase.words[0]) > 2 or len(words) <= 2 or top >= 0.97 or phrase.language != "initials":
                yield NameMatch(phrase.kind, top * worth, phrase.language)
    for kind, score in latin_compounds(words, _NEUTRAL):
        yield NameMatch(kind, score * worth, "english")
    for part in (told or words,) if len(told) == len(words) else (told or words, words):
        for found in _parts(part, phrases):
            yield NameMatch(found.kind, found.score * worth, found.language)


def _coded(words: list[str]) -> Iterator[NameMatch]:
    """Initials with what a code table adds to them: xbm (性别码), mzdm (民族代码)."""
    _, phrases = _phrases()
    last = words[-1]
    for bare in {last.removesuffix(ending) for ending in _CODED} - {last} if len(words) <= 2 else ():
        for phrase in phrases.get(bare, ()):
            if phrase.language == "initials" and len(bare) >= (2 if last.endswith("m") else 3):
                yield NameMatch(phrase.kind, 0.9, phrase.language)


def _spoken(word: str) -> Iterator[NameMatch]:
    """Pinyin at the end of a word (jiekuanrenxingming), initials behind a role's (jkrxm), what they end in (qdlx)."""
    _, phrases = _phrases()
    if word in phrases:
        return
    for start in range(1, len(word) - ENOUGH + 1):
        for phrase in phrases.get(word[start:], ()):
            if phrase.language == "pinyin":
                yield NameMatch(phrase.kind, 0.62 + 0.3 * (1 - start / len(word)), phrase.language)
    for role in _ROLES:
        bare = word.removeprefix(role)
        if 2 <= len(bare) < len(word):
            for phrase in phrases.get(bare, ()):
                if phrase.language == "initials":
                    yield NameMatch(phrase.kind, 0.8 + 0.02 * len(role), phrase.language)
    if len(word) >= 4 and word[-2:] in _ENDS and not set(word[:-2]) & set("aeiou"):
        yield NameMatch(_ENDS[word[-2:]], 0.62, "initials")


def _plain(words: list[str]) -> Iterator[NameMatch]:
    """What the form of a name says where its words say nothing."""
    if len(words) > 1 and words[0] in _QUESTIONS:
        yield NameMatch("flag", 0.7, "english")
    if len(words) > 1 and not _PROTECTIONS.isdisjoint(words):
        yield NameMatch("hashed_value", 0.85, "english")


@cache
def vocabulary() -> frozenset[str]:
    """The Latin words the lexicon itself is made of, and those it passes over."""
    _, phrases = _phrases()
    own = {
        word for found in phrases.values() for phrase in found if phrase.language == "english" for word in phrase.words
    }
    own |= {word for word in compound_words() if len(word) > LEAST}
    return frozenset(word for word in own | _NEUTRAL | _HEADS | _UNITS | _SAME.keys() if word.isalpha())


def _parts(words: list[str], phrases: Mapping[str, tuple[_Phrase, ...]]) -> Iterator[NameMatch]:
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            found = phrases.get("".join(words[start:end]), ())
            if not found or end - start == len(words):
                continue
            for phrase in found:
                score = _partial(words, start, end, heads=_heads_of(phrase.kind))
                if len("".join(words[start:end])) >= 3 or (phrase.language == "abbreviation" and end == len(words)):
                    yield NameMatch(phrase.kind, score, phrase.language)


@cache
def _heads_of(kind: str) -> frozenset[str]:
    """The last words of a kind's own phrases, which change nothing of its sense."""
    return frozenset(phrase.words[-1] for phrase in _all() if phrase.kind == kind and phrase.words)


def _partial(words: list[str], start: int, end: int, *, heads: frozenset[str]) -> float:
    """The score of words[start:end] within all words: more at the end, little before a word that changes the sense."""
    covered = (end - start) / len(words)
    if end == len(words):
        return 0.62 + 0.3 * covered
    if words[-1] in _HEADS and words[-1] in heads:
        return 0.64 + 0.3 * covered
    return 0.2 if words[-1] in _HEADS else 0.5 + 0.2 * covered


def _chinese(name: str) -> Iterator[NameMatch]:
    if name.isascii():
        return
    for candidate in dict.fromkeys((name, _BRACKETED.sub("", name), _EXPLAINED.split(name, maxsplit=1)[0])):
        yield from _said(candidate)
    if _QUESTION_ZH.match(name):
        yield NameMatch("flag", 0.7, "chinese")


def _said(name: str) -> Iterator[NameMatch]:
    """What one reading of a Chinese name or comment points to."""
    phrases, _ = _phrases()
    bare = _SIGNS_ZH.sub("", name)
    told = _NEUTRAL_ZH.sub("", bare)
    for candidate, top in (
        (name, 1.0),
        (bare, 1.0),
        *((rest, 0.98) for rest in _behind(bare)),
        (told, 0.97),
        (_CODES_ZH.sub("", told), 0.95),
    ):
        for phrase in phrases.get(candidate, ()):
            yield NameMatch(phrase.kind, top, phrase.language)
    for kind, score in chinese_compounds(bare):
        yield NameMatch(kind, score, "chinese")
    for phrase in phrases.get(_IDLE_ZH.sub("", told), ()) if _IDLE_ZH.search(told) else ():
        if column_kinds()[phrase.kind].is_personal:
            yield NameMatch(phrase.kind, 0.93, phrase.language)
    changes = _HEADS_ZH.search(bare)
    ended = _IDLE_ZH.sub("", bare)
    for text, found in phrases.items():
        if len(text) >= 2 and text in bare and text != bare:
            last = bare.endswith(text) or (ended.endswith(text) and column_kinds()[found[0].kind].is_personal)
            score = (0.62 if last else 0.5) + 0.3 * len(text) / len(bare)
            if not last and changes is not None and not text.endswith(changes[0]):
                score = 0.25
            yield from (NameMatch(phrase.kind, score, phrase.language) for phrase in found)


def _behind(bare: str) -> Iterator[str]:
    """What is left of a Chinese name when one word after the other that says little is taken from its start."""
    while (led := _NEUTRAL_ZH.match(bare)) is not None:
        bare = bare[led.end() :]
        yield bare


def lexicon_size() -> dict[str, int]:
    """Count the lexicon's phrases by language."""
    sizes = dict.fromkeys(LANGUAGES.values(), 0)
    for phrase in _all():
        sizes[phrase.language] += 1
    return sizes


def _all() -> Iterable[_Phrase]:
    for table in _phrases():
        for found in table.values():
            yield from found
