"""Format-preserving tokens: FF1 of NIST SP 800-38G and the layouts of identifiers over it."""

from vault.fpe.ff1 import FF1, Domain, to_number, to_numerals
from vault.fpe.layouts import FpeKind, Layout, Message, Misfit
from vault.fpe.resident_id import Keep
from vault.fpe.tokens import FpeCipher, is_fpe_token, layout_of

__all__ = [
    "FF1",
    "Domain",
    "FpeCipher",
    "FpeKind",
    "Keep",
    "Layout",
    "Message",
    "Misfit",
    "is_fpe_token",
    "layout_of",
    "to_number",
    "to_numerals",
]
