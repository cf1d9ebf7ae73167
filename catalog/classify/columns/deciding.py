"""From counts and a name to a kind.

1. Forms are ranked by the share of cells that have them, times how much the form says.
2. A check digit that passes no more often than by chance, or first signs that hardly vary, take a form's word away.
3. A name decides among the kinds that may have the leading form; values with a form of their own outweigh a name that
   points elsewhere; the conflict is kept as evidence.
4. Without a telling name the leading form's assumed kind is taken.
"""

import dataclasses
from collections.abc import Iterable
from typing import Final

from catalog.classify.columns.evidence import Conflict, Evidence, FormEvidence, Leak, Verdict
from catalog.classify.columns.forms import Form
from catalog.classify.columns.intervals import wilson
from catalog.classify.columns.kinds import ColumnKind, assumed_kinds, column_kinds
from catalog.classify.columns.profile import FormCount, Profile
from catalog.classify.names.lexicon import NameMatch, match_name
from catalog.classify.values.likelihood import Likelihood

STRONG: Final = 0.84
"""The weight from which a form speaks for itself."""
TELLING: Final = 0.6
"""The score from which a name counts."""
MOST: Final = 0.5
SHAPED: Final = 0.6
PLAIN: Final = frozenset({"text", "hanzi", "word", "code", "tags", "serial", "integer"})
COMMENT: Final = 0.1
NARROW_BITS: Final = 1.6
SPREAD_FORMS: Final = frozenset({"mobile", "landline", "resident_id_15", "passport", "home_return_permit"})
PROTECTED: Final = frozenset({"hex", "hex16", "base64", "long_base64", "masked", "uuid"})
NAMED: Final = frozenset({"person_name"})
WHOLE: Final = frozenset({"flag"})
"""Forms whose signs other codes use too: they say something only where nearly every cell has them."""
NEARLY_ALL: Final = 0.9
DIGEST: Final = "hashed_value"


class Reading:
    """One column being decided."""

    def __init__(self, profile: Profile, names: Iterable[str], today_year: int) -> None:
        self.profile = profile
        self.names = _merged(names)
        self.year = today_year
        self.conflicts: list[Conflict] = []
        self.strengths = {name: self._strength(count) for name, count in profile.forms.items()}
        ranked = sorted(self.strengths.items(), key=lambda item: (-item[1], item[0]))
        self.leading: str | None = ranked[0][0] if ranked and ranked[0][1] > 0.1 else None

    def _strength(self, count: FormCount) -> float:
        rate = self.profile.rate(count.form.name)
        if rate < 0.02:
            return 0.0
        return rate * count.form.weight * self._trust(count)

    def _trust(self, count: FormCount) -> float:
        """How far check digits and spread bear a form out."""
        form = count.form
        if form.chance is not None and count.checked:
            low, _ = wilson(count.passed, count.checked)
            share = count.passed / count.checked
            if low < form.chance * 2.5 and share < 0.75:
                self.conflicts.append(Conflict("check_at_chance", form.name))
                return 0.05
            return min(1.0, 0.35 + share * 0.75)
        if form.name in SPREAD_FORMS and self.profile.distinct >= 20 and self.profile.spread < NARROW_BITS:
            self.conflicts.append(Conflict("narrow", form.name))
            return 0.2
        least = 0.4 if form.name in NAMED else NEARLY_ALL if form.name in WHOLE else 0.0
        if self.profile.rate(form.name) < least:
            return 0.3
        return 1.0

    def fits(self, kind: ColumnKind) -> float:
        """The share of cells that have one of a kind's forms, as far as it is borne out.

        Forms of its own (the old number of a permit and the new one) count together.
        Cells of a form with a shape of its own (a link) are no plain text that happens to have it.
        """
        if self.leading is not None and self.leading not in kind.forms and self._has_shape(self.leading):
            return max((self.profile.rate(form) for form in kind.forms - PLAIN if form in self.strengths), default=0.0)
        shares = {
            form: self.profile.rate(form) * (self.strengths[form] / (self.profile.rate(form) * self.form(form).weight))
            for form in kind.forms
            if self.strengths.get(form, 0) > 0
        }
        own = sum(share for form, share in shares.items() if form in kind.assumed and self.form(form).weight >= SHAPED)
        return max(min(own, 1.0), *shares.values(), 0.0)

    def _has_shape(self, name: str) -> bool:
        return self.form(name).weight >= SHAPED and self.profile.rate(name) >= MOST and name not in PLAIN

    def form(self, name: str) -> Form:
        """A form some cell has."""
        return self.profile.forms[name].form

    @property
    def is_strong(self) -> bool:
        """Whether the leading form speaks for itself."""
        return (
            self.leading is not None
            and self.strengths[self.leading] >= STRONG * 0.6
            and self.form(self.leading).weight >= STRONG
        )

    @property
    def is_protected(self) -> bool:
        """Whether most cells are digests, ciphertexts or masked."""
        return self.leading in PROTECTED

    def evidence(self) -> Evidence:
        """All counts, as they stand; what a strong leading form has outdone is no conflict."""
        if self.is_strong:
            self.conflicts = [each for each in self.conflicts if each.code not in {"check_at_chance", "narrow"}]
        shown = sorted(self.strengths, key=lambda name: (-self.strengths[name], name))[:6]
        return Evidence(
            self.profile.rows,
            self.profile.filled,
            self.profile.distinct,
            tuple(self._form_evidence(name) for name in shown),
            tuple(self.names[:4]),
            tuple(self.conflicts),
            tuple(
                Leak(kind, cells, self.profile.scanned)
                for kind, cells in sorted(self.profile.embedded.items())
                if cells
            ),
        )

    def _form_evidence(self, name: str) -> FormEvidence:
        count = self.profile.forms[name]
        low, high = self.profile.interval(name)
        rate = self.profile.rate(name)
        return FormEvidence(name, count.matched, rate, low, high, count.checked, count.passed, count.form.chance)


def decide(profile: Profile, names: Iterable[str], *, today_year: int) -> Verdict:
    """Decide what a column is. Shape: `names` are its name and, where there is one, its comment."""
    reading = Reading(profile, names, today_year)
    kind, basis = _chosen(reading)
    return Verdict(kind.name, _likelihood(reading, kind, basis), basis, reading.evidence(), reading.is_protected)


def _merged(names: Iterable[str]) -> list[NameMatch]:
    """The best match of each kind.

    A comment is written to explain: it counts for more than a name, and a name for less where the comment says
    something else, or says the same less clearly.
    """
    spoken, *explained = [match_name(name) for name in names] or [[]]
    told = {found.kind: found for matches in reversed(explained) for found in matches}
    clearest = max((found.score for found in told.values()), default=0.0)
    best: dict[str, NameMatch] = {}
    for found in spoken:
        said = told[found.kind].score if found.kind in told else 0.0
        less = 2 * COMMENT if clearest >= TELLING and said < clearest - COMMENT else 0.0
        best[found.kind] = dataclasses.replace(found, score=found.score - less)
    for found in told.values():
        score = min(1.0, found.score + COMMENT)
        if found.kind not in best or score > best[found.kind].score:
            best[found.kind] = dataclasses.replace(found, score=score)
    return sorted(best.values(), key=lambda one: (-one.score, one.kind))


def _chosen(reading: Reading) -> tuple[ColumnKind, str]:
    kinds = column_kinds()
    telling = [(kinds[match.kind], match.score) for match in reading.names if match.score >= TELLING]
    if not reading.profile.filled:
        reading.conflicts.append(Conflict("no_values", ""))
        return (telling[0][0], "name") if telling else (kinds["free_text"], "nothing")
    own = _assumed(reading)
    fitting = [(kind, score, reading.fits(kind)) for kind, score in telling]
    fitting = [each for each in fitting if each[2] >= MOST]
    if reading.is_protected and any(kind.name == DIGEST for kind, *_ in fitting):
        fitting = [each for each in fitting if each[0].is_personal]
    if fitting:
        best = max(fitting, key=lambda each: (round(each[1], 2), *_closeness(reading, each[0]), each[2]))
        return _against_values(reading, best[0], own)
    if reading.is_strong and own is not None:
        reading.conflicts += [Conflict("name_says", kind.name) for kind, _ in telling[:1]]
        return own, "values"
    if telling and telling[0][1] >= 0.9 and (telling[0][0].is_personal or own is None):
        reading.conflicts.append(Conflict("values_do_not_fit", telling[0][0].name))
        return telling[0][0], "name"
    return (own, "values") if own is not None else (kinds["free_text"], "nothing")


def _closeness(reading: Reading, kind: ColumnKind) -> tuple[bool, bool, bool]:
    """Whether a kind may have the leading form, is personal, and is the one assumed for that form."""
    return reading.leading in kind.forms, kind.is_personal, reading.leading in kind.assumed


def _against_values(reading: Reading, named: ColumnKind, own: ColumnKind | None) -> tuple[ColumnKind, str]:
    """A name that fits some form, unless the leading form is strong and belongs to another kind only."""
    if reading.is_strong and own is not None and reading.leading not in named.forms:
        reading.conflicts.append(Conflict("name_says", named.name))
        return own, "values"
    return named, "name and values"


def _assumed(reading: Reading) -> ColumnKind | None:
    """The kind assumed for the leading form; dates are birth dates only if they look it."""
    if reading.leading is None:
        return None
    if reading.leading in {"date", "serial"} and _are_birth_dates(reading):
        return column_kinds()["birth_date"]
    if reading.leading in {"score", "integer"} and _are_zhima_scores(reading):
        return column_kinds()["zhima_score"]
    return assumed_kinds().get(reading.leading)


def _are_birth_dates(reading: Reading) -> bool:
    """Whether dates are spread over decades and end well before today."""
    years = reading.profile.years
    if years is None or reading.profile.rate("date") < 0.9:
        return False
    low, middle, high = years
    is_spread = high - low >= 15 and middle <= reading.year - 16 and low >= 1900
    if not is_spread and low < 1995:
        reading.conflicts.append(Conflict("recent_dates", "date"))
    return is_spread


def _are_zhima_scores(reading: Reading) -> bool:
    return False if reading.profile.distinct < 40 else reading.profile.rate("score") >= 0.999


def _likelihood(reading: Reading, kind: ColumnKind, basis: str) -> Likelihood:
    low = max((reading.profile.interval(form)[0] for form in kind.forms if reading.strengths.get(form)), default=0.0)
    match basis:
        case "nothing":
            return Likelihood.VERY_UNLIKELY
        case "name":
            return Likelihood.POSSIBLE
        case "name and values":
            return Likelihood.VERY_LIKELY if low >= 0.7 else Likelihood.LIKELY
    return _by_values(reading, kind, low)


def _by_values(reading: Reading, kind: ColumnKind, low: float) -> Likelihood:
    """The likelihood where the values alone decided."""
    if kind.name == "birth_date" and low >= 0.7:
        return Likelihood.POSSIBLE
    if not reading.is_strong or reading.leading is None:
        return Likelihood.UNLIKELY
    if low >= 0.8 and reading.form(reading.leading).weight >= 0.95:
        return Likelihood.VERY_LIKELY
    return Likelihood.LIKELY if low >= 0.5 else Likelihood.POSSIBLE
