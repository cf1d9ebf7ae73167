"""Two root keys at once, while keys move from one to the other: a move that was stopped half-way goes on."""

from typing import final

from vault.kms.protocol import RootKey
from vault.secret import SecretBytes


@final
class EitherRootKey:
    """Unwraps by whichever of two root keys wrapped; everything else is the first one's."""

    def __init__(self, first: RootKey, second: RootKey) -> None:
        self._first = first
        self._second = second

    @property
    def name(self) -> str:
        """The first one's."""
        return self._first.name

    def owns(self, wrapped: bytes) -> bool:
        """Say whether one of them wrapped it."""
        return self._first.owns(wrapped) or self._second.owns(wrapped)

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Wrap by the first. Raises: RootKeyError."""
        return self._first.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Unwrap by the one that wrapped it. Raises: RootKeyError, TamperedError."""
        root = self._second if self._second.owns(wrapped) else self._first
        return root.unwrap(wrapped, context)

    def health(self) -> None:
        """Ask both. Raises: RootKeyError."""
        self._first.health()
        self._second.health()

    def rotate(self) -> None:
        """Rotate the first. Raises: RootKeyError."""
        self._first.rotate()

    def disable(self) -> None:
        """Switch the first off. Raises: RootKeyError."""
        self._first.disable()

    def destroy(self) -> None:
        """Destroy the first. Raises: RootKeyError."""
        self._first.destroy()
