"""Guarding what is loaded: a value that is a direct identifier of a person belongs into a field declared for it.

Rules enforced here:
- a text that is, or holds, an identity number, telephone number, bank card, mailbox or password is refused wherever its
  feature does not raw-hold a field of that kind: a phone in a nickname, an ID number in a remark (PIPL 6, 51(2));
- names and addresses are not looked for: in single values they cannot be told apart from other words;
- the check is cheap: a text without seven digits near one another and without an @ is passed at once.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.normal import halved
from catalog.classify.values.rule import Rule
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan
from catalog.features import Feature, FeatureView
from catalog.fields import IdentifierKind
from catalog.shapes import ValueType

GUARDED: Final = frozenset(
    {
        "resident_id",
        "hmt_residence_permit",
        "foreigner_permit",
        "bank_card",
        "mobile",
        "email",
        "hong_kong_id",
        "taiwan_id",
        "password",
        "secret_key",
        "alipay_id",
    }
)
_IDENTITY: Final = frozenset({"resident_id", "hmt_residence_permit", "foreigner_permit", "hong_kong_id", "taiwan_id"})
_ALLOWED: Final[Mapping[IdentifierKind, frozenset[str]]] = {
    IdentifierKind.RESIDENT_ID: _IDENTITY,
    IdentifierKind.PASSPORT: _IDENTITY,
    IdentifierKind.MOBILE: frozenset({"mobile"}),
    IdentifierKind.EMAIL: frozenset({"email"}),
    IdentifierKind.BANK_CARD: frozenset({"bank_card"}),
    IdentifierKind.ACCOUNT: frozenset({"mobile", "email", "alipay_id", "bank_card"}),
}
_MAYBE: Final = re.compile(r"[0-9](?:[ \-(]?[0-9]){6}|@|密码|口令|passw|secret|token|AKIA|LTAI|sk-|eyJ", re.IGNORECASE)


class Guard:
    """Guards the values of one view."""

    def __init__(self, view: FeatureView) -> None:
        self._rules = _guarding()
        texts = (feature for feature in view.features if feature.type is ValueType.STRING)
        self._allowed = {feature.name: allowed_in(feature) for feature in texts}

    def offence(self, feature: str, value: object, today: date) -> str | None:
        """Return the kind of identifier a value is although its feature is not declared for it; None if it is none."""
        if type(value) is not str or feature not in self._allowed:
            return None
        text = halved(value)
        if _MAYBE.search(text) is None:
            return None
        return _found(self._rules, text, today, self._allowed[feature])


def identifier_in(value: str, today: date) -> str | None:
    """The kind of direct identifier a text of no declared field is or holds; None if it holds none."""
    text = halved(value)
    return None if _MAYBE.search(text) is None else _found(_guarding(), text, today, frozenset())


@cache
def _guarding() -> tuple[Rule, ...]:
    return tuple(rule for rule in recognisers().rules if rule.kind in GUARDED)


def _found(rules: tuple[Rule, ...], text: str, today: date, allowed: frozenset[str]) -> str | None:
    for rule in rules:
        if rule.kind not in allowed and _is_whole(rule, text.strip(), today):
            return rule.kind
    found = scan(text, today, kinds=GUARDED - allowed).findings
    return next((one.kind for one in found if one.likelihood >= Likelihood.LIKELY), None)


def _is_whole(rule: Rule, text: str, today: date) -> bool:
    """Whether a whole text is an identifier; check digits must pass, and a doubtful form is not enough."""
    judged = rule.of_cell(text, today)
    return judged is not None and judged.checked is not False and judged.alone >= Likelihood.POSSIBLE


def allowed_in(feature: Feature) -> frozenset[str]:
    """The kinds of identifiers a feature may hold."""
    kind = feature.identifier
    return frozenset() if kind is None else _ALLOWED.get(kind, frozenset())
