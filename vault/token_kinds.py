"""Kinds of token, their scope, and the keys that come of it.

Rules:
- a token belongs to one tenant, purpose, recipient and field: each scope has keys of its own, so that tokens of one
  person for two recipients have nothing in common;
- random tokens stand for a row and can be erased; all others stand for a key: they are for columns that must be joined
  or must keep their format, and end with the key;
- a deterministic token is a MAC of the canonical form, one way: AES-256-CMAC under a key of the suite `aes`, HMAC-SM3
  under one of `sm`;
- a reversible one is AES-SIV: deterministic, and opened by whoever has the key; the suite `sm` has none;
- a format-preserving one is FF1: whoever has the key can undo it. Its cipher is AES-256 in both suites, as FF1 is
  specified over the block ciphers that its standard approves; the suite `sm` derives its key by SM3.

Standard: NIST SP 800-38B (CMAC), RFC 5297 (AES-SIV), RFC 5869 (HKDF), GB/T 32905-2016 (SM3), NIST SP 800-38G.
Law: PIPL 51(3), 73(3). Format: docs/formats/tokens.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from vault.canonical import canonical_form
from vault.encoding import bind, opaque_name
from vault.errors import TokenSpecError, TokenSuiteError
from vault.fpe import FpeCipher, FpeKind, Keep, layout_of
from vault.header import Suite
from vault.kinds import IdentifierKind
from vault.secret import Keeper
from vault.siv import SIV_KEY_BYTES, ReversibleCipher
from vault.suites import KEY_BYTES, derive, sm3_mac

DETERMINISTIC_PREFIX: Final = "dtk_"
_LABEL: Final = "yumen/token/1"
_SIV_LABEL: Final = "yumen/token-siv/1"


class TokenKind(StrEnum):
    """How a token comes into being."""

    RANDOM = "random"
    DETERMINISTIC = "deterministic"
    FORMAT_PRESERVING = "format_preserving"
    REVERSIBLE = "reversible"

    def check_suite(self, suite: Suite) -> None:
        """Refuse a kind that a suite has no algorithm for. Raises: TokenSuiteError."""
        if self is TokenKind.REVERSIBLE and suite is not Suite.AES:
            raise TokenSuiteError(self, suite.label)


@dataclass(frozen=True, slots=True)
class TokenScope:
    """Whom tokens are for: nobody else's can be compared with them."""

    tenant: str
    purpose: str
    recipient: str
    field: str


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """A kind of token with what it needs to know of the value.

    Attributes:
        of: the kind of value, a name of IdentifierKind or FpeKind.
        keep: what a resident identity number keeps.
    """

    kind: TokenKind
    of: str
    keep: Keep = Keep.NOTHING

    def __post_init__(self) -> None:
        """Check that the parts fit.

        Raises: TokenSpecError.
        """
        if self.of not in {*IdentifierKind, *FpeKind}:
            raise TokenSpecError("the kind of value is none that tokens are made of")
        if self.kind is TokenKind.FORMAT_PRESERVING:
            if self.of not in set(FpeKind):
                raise TokenSpecError(f"there are no format-preserving tokens of a {self.of}")
            layout_of(FpeKind(self.of), self.keep)
        elif self.keep is not Keep.NOTHING:
            raise TokenSpecError(f"a {self.kind} token keeps nothing of the value")


@dataclass(frozen=True, slots=True)
class TokenOrigin:
    """Which token key tokens come of: its version, and the suite that version belongs to."""

    version: int
    suite: Suite = Suite.AES


def derive_token_key(root: bytes, origin: TokenOrigin, scope: TokenScope, spec: TokenSpec) -> bytes:
    """Derive the key of one scope and kind from the deployment's token key of a version.

    Shape: 32 bytes, 64 for a reversible token. Raises: TokenSuiteError.
    """
    spec.kind.check_suite(origin.suite)
    size_b = SIV_KEY_BYTES if spec.kind is TokenKind.REVERSIBLE else KEY_BYTES
    parts = (scope.tenant, scope.purpose, scope.recipient, scope.field, spec.kind.value, spec.of, spec.keep.value)
    return derive(origin.suite, root, bind(_LABEL, origin.suite, origin.version, *parts), size_b)


def canonical_value(of: str, value: object) -> str:
    """Bring a value to the form tokens are made of: the identifier's canonical form, or the text itself.

    Raises: NotAnIdentifierError; NotTokenisableError for plates, digits and letters with digits.
    """
    if of in set(IdentifierKind):
        return canonical_form(of, value).reveal()
    layout = layout_of(FpeKind(of))
    text = value if isinstance(value, str) else ""
    layout.read(text)
    return text


@final
class Tokeniser(Keeper):
    """Makes the tokens of one scope and kind that are computed of the value; made by the KeyRing.

    Cost: deterministic about 3 us, reversible about 12 us and format-preserving about 100 us beside the canonical form;
    no I/O. The same tokens for whole columns: `vault.bulk`.

    Attributes:
        origin: the token key they come of.
    """

    __slots__ = ("_cipher", "_key", "origin", "scope", "spec")

    def __init__(self, key: bytes, origin: TokenOrigin, scope: TokenScope, spec: TokenSpec) -> None:
        """Take the scope's key, as `derive_token_key` makes it.

        Raises: TokenSpecError: random tokens are not computed; TokenSuiteError.
        """
        spec.kind.check_suite(origin.suite)
        self._key = key
        self.origin, self.scope, self.spec = origin, scope, spec
        self._cipher: FpeCipher | ReversibleCipher | None = None
        match spec.kind:
            case TokenKind.FORMAT_PRESERVING:
                self._cipher = FpeCipher(key, layout_of(FpeKind(spec.of), spec.keep))
            case TokenKind.REVERSIBLE:
                self._cipher = ReversibleCipher(key, origin.version, spec.of, _siv_scope(scope, spec))
            case TokenKind.DETERMINISTIC:
                pass
            case TokenKind.RANDOM:
                raise TokenSpecError("random tokens are kept in the database, not computed")

    @property
    def key(self) -> bytes:
        """The scope's key, for the bulk implementation inside the vault."""
        return self._key

    @property
    def associated(self) -> tuple[bytes, bytes] | None:
        """What reversible tokens are bound to, for the same; None of other kinds."""
        return self._cipher.associated if isinstance(self._cipher, ReversibleCipher) else None

    def token(self, value: object) -> str:
        """Give the token of a value as written; all writings of an identifier give one token.

        Raises: NotAnIdentifierError, NotTokenisableError, DomainTooSmallError.
        """
        return self.token_of_canonical(canonical_value(self.spec.of, value))

    def token_of_canonical(self, canonical: str) -> str:
        """Give the token of a value in canonical form.

        Raises: NotTokenisableError, DomainTooSmallError.
        """
        if self._cipher is not None:
            return self._cipher.tokenise(canonical)
        if self.origin.suite is Suite.SM:
            return opaque_name(DETERMINISTIC_PREFIX, sm3_mac(self._key, canonical.encode()))
        mac = CMAC(AES(self._key))
        mac.update(canonical.encode())
        return opaque_name(DETERMINISTIC_PREFIX, mac.finalize() + b"\0")

    def reveal(self, token: str) -> str:
        """Give the canonical value of a format-preserving or reversible token.

        Raises: NotTokenisableError: not_a_token; TokenSpecError: deterministic tokens are one-way; of reversible ones
            also TruncatedError, UnknownVersionError, UnknownSuiteError, UnknownKeyError: another version's, and
            TamperedError: another scope's, or altered.
        """
        if self._cipher is None:
            raise TokenSpecError("a deterministic token is one-way")
        return self._cipher.reveal(token)


def _siv_scope(scope: TokenScope, spec: TokenSpec) -> bytes:
    """What a reversible token is bound to beside its header."""
    return bind(_SIV_LABEL, scope.tenant, scope.purpose, scope.recipient, scope.field, spec.kind.value, spec.of)
