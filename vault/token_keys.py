"""The deployment's token keys, and the makers of tokens that come of them.

Rules:
- the newest version makes new tokens, with the algorithms of the suite it belongs to; every loaded version gives back
  what it made, whatever the suite of the newest;
- makers are kept, since deriving a key costs more than a token.

Format: docs/formats/tokens.md.
"""

from collections.abc import Mapping
from typing import Final, final

from vault.errors import NotTokenisableError, UnknownKeyError, VaultError
from vault.header import Suite
from vault.secret import Keeper, SecretBytes
from vault.siv import read_reversible
from vault.token_kinds import Tokeniser, TokenKind, TokenOrigin, TokenScope, TokenSpec, derive_token_key

_MAKERS_KEPT: Final = 4096


@final
class TokenKeys(Keeper):
    """Token keys by version.

    Attributes:
        version: the one that makes new tokens; 0 if there is no token key.
        versions: those that are loaded, newest first.
    """

    __slots__ = ("_keys", "_makers", "_suites", "version", "versions")

    def __init__(self, keys: Mapping[int, SecretBytes], suites: Mapping[int, Suite]) -> None:
        self._keys = keys
        self._suites = suites
        self.versions = tuple(sorted(keys, reverse=True))
        self.version = max(keys, default=0)
        self._makers: dict[tuple[TokenScope, TokenSpec, int], Tokeniser] = {}

    def maker(self, scope: TokenScope, spec: TokenSpec, version: int | None = None) -> Tokeniser:
        """Give the maker of computed tokens of a scope, under the newest version unless said.

        Raises: UnknownKeyError: no such version is loaded; TokenSpecError: random tokens are not computed;
            TokenSuiteError: the version's suite has no such tokens.
        """
        chosen = self.version if version is None else version
        found = self._makers.get((scope, spec, chosen))
        if found is None:
            if chosen not in self._keys:
                raise UnknownKeyError(chosen)
            if len(self._makers) >= _MAKERS_KEPT:
                self._makers.clear()
            origin = TokenOrigin(chosen, self._suites[chosen])
            key = derive_token_key(self._keys[chosen].reveal(), origin, scope, spec)
            found = self._makers[scope, spec, chosen] = Tokeniser(key, origin, scope, spec)
        return found

    def check_kind(self, kind: TokenKind) -> None:
        """Refuse a kind that no new tokens can be made of now. Raises: TokenSuiteError."""
        kind.check_suite(self._suites.get(self.version, Suite.AES))

    def values(self, scope: TokenScope, spec: TokenSpec, token: str) -> tuple[str, ...]:
        """Give what a token may stand for, canonical, newest version of the key first; nothing if it does not open.

        A reversible token names its version and is authentic; a format-preserving one is tried under every version, and
        opens to some value under most: whoever asks looks the value up. Raises: TokenSpecError: the kind is one-way.
        """
        if spec.kind is TokenKind.REVERSIBLE:
            try:
                return (self.maker(scope, spec, read_reversible(spec.of, token)[0]).reveal(token),)
            except VaultError:  # foreign, altered, of an unknown version: alike, so that the answer teaches nothing
                return ()
        values = []
        for version in self.versions:
            try:
                values.append(self.maker(scope, spec, version).reveal(token))
            except NotTokenisableError:
                continue
        return tuple(values)
