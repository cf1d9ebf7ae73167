"""The file that holds a root key: read, made, replaced.

Rules:
- one line per version, the newest first: `yumen-root-v1 `, 64 lowercase hexadecimal digits, line feed;
- it is made or replaced whole: written and synced beside its place, then linked or renamed into it;
- a file that group or others can read, that belongs to someone else, or that is not a root key is refused.

Format: docs/formats/keys.md.
"""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vault.encoding import system_entropy
from vault.errors import (
    KeyDisabledError,
    RootKeyExposedError,
    RootKeyMalformedError,
    RootKeyMissingError,
    RootKeyUnavailableError,
)
from vault.secret import SecretBytes

MAX_VERSIONS: Final = 16
_LINE: Final = rb"yumen-root-v1 ([0-9a-f]{64})\n"
_LINES: Final = re.compile(rb"(?:%s){1,%d}" % (_LINE, MAX_VERSIONS))
_MAX_FILE_BYTES: Final = 4096


def disabled(path: Path) -> Path:
    """Say where a root key lies that was switched off."""
    return path.with_name(path.name + ".disabled")


def read(path: Path) -> tuple[SecretBytes, ...]:
    """Read the versions of a root key, the newest first.

    Raises: RootKeyMissingError, RootKeyExposedError, RootKeyMalformedError, RootKeyUnavailableError, KeyDisabledError.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            require_closed(path, os.fstat(descriptor))
            content = os.read(descriptor, _MAX_FILE_BYTES)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        if disabled(path).exists():
            raise KeyDisabledError(f"the root key was switched off; {disabled(path)} holds it") from None
        message = f"no root key at {path}; restore it from its backup, or start a new deployment"
        raise RootKeyMissingError(message) from None
    except OSError as error:
        message = f"the root key at {path} cannot be read: {error.strerror}"
        raise RootKeyUnavailableError(message) from error
    if _LINES.fullmatch(content) is None:
        message = f"{path} is no root key: want `yumen-root-v1 `, 64 lowercase hex digits, line end"
        raise RootKeyMalformedError(message)
    return tuple(SecretBytes(bytes.fromhex(found.decode())) for found in re.findall(_LINE, content))


def create(path: Path, key: SecretBytes) -> None:
    """Make the file if there is none yet; of two makers the first wins.

    Raises: RootKeyUnavailableError.
    """
    _place(path, [key], replacing=False)


def replace(path: Path, keys: Sequence[SecretBytes]) -> None:
    """Put other versions in the file's place.

    Raises: RootKeyUnavailableError.
    """
    _place(path, keys, replacing=True)


def switch_off(path: Path) -> None:
    """Take the file out of its place.

    Raises: RootKeyUnavailableError.
    """
    try:
        path.rename(disabled(path))
        _sync(path.parent)
    except OSError as error:
        raise RootKeyUnavailableError(f"the root key at {path} cannot be moved: {error.strerror}") from error


def remove(path: Path) -> None:
    """Delete the file, overwritten first: a copy-on-write disk or a backup may still hold it.

    Raises: RootKeyUnavailableError.
    """
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        _sync(path.parent)
    except OSError as error:
        raise RootKeyUnavailableError(f"the root key at {path} cannot be removed: {error.strerror}") from error


def _place(path: Path, keys: Sequence[SecretBytes], *, replacing: bool) -> None:
    """Write the file beside its place, then bring it in: others see it whole or not at all."""
    scratch = path.with_name(f".{path.name}.{system_entropy(8).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _fill(descriptor, b"".join(b"yumen-root-v1 " + key.reveal().hex().encode() + b"\n" for key in keys))
            if replacing:
                scratch.rename(path)
                _sync(path.parent)
            else:
                _link(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        message = f"the root key cannot be made at {path}: {error.strerror}"
        raise RootKeyUnavailableError(message) from error


def _fill(descriptor: int, content: bytes) -> None:
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(scratch: Path, path: Path) -> None:
    try:
        os.link(scratch, path)
    except FileExistsError:
        return  # another process was first: its key counts
    _sync(path.parent)


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def require_closed(path: Path, status: os.stat_result) -> None:
    """Refuse what others could read or replace. Raises: RootKeyMalformedError, RootKeyExposedError."""
    if not stat.S_ISREG(status.st_mode):
        message = f"{path} is not a regular file"
        raise RootKeyMalformedError(message)
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        message = f"{path} has mode {mode:04o}: others can reach it; run `chmod 600` and consider the key seen"
        raise RootKeyExposedError(message)
    if status.st_uid != os.geteuid():
        message = f"{path} belongs to user {status.st_uid}, the service runs as {os.geteuid()}"
        raise RootKeyExposedError(message)
    parent = path.parent.stat()
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        message = f"everyone can write to {path.parent} and so replace the root key"
        raise RootKeyExposedError(message)
