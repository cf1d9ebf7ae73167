"""What counts as a second factor (RFC 8176 authentication method references).

Rules: a factor is something known, held, or of the body. Two methods of one kind are one factor. A second factor was
used when the values hold one that the deployment trusts to say so alone (``mfa`` unless set otherwise), or when they
name methods of at least two kinds. Unknown values count for nothing.
"""

from collections.abc import Iterable

KNOWN = frozenset({"pwd", "pin", "kba"})
HELD = frozenset({"otp", "hwk", "swk", "sc", "sms", "tel", "pop"})
OF_THE_BODY = frozenset({"face", "fpt", "iris", "retina", "vbm"})


def has_second_factor(amr: Iterable[str], sufficient: Iterable[str]) -> bool:
    """Whether methods ``amr`` amount to two factors, given the values that alone are ``sufficient``."""
    used = frozenset(amr)
    kinds = sum(1 for kind in (KNOWN, HELD, OF_THE_BODY) if used & kind)
    return kinds >= 2 or not used.isdisjoint(sufficient)
