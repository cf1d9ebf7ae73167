"""Every way we know to falsify a log: each takes a sound log of 700 entries and damages it; none may pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lineage.log.checkpoint import Checkpoint
from lineage.log.layout import TilePlace, pack, split_hashes, unpack
from lineage.log.notes import Note, Signature, VerifierKey
from lineage.log.tree import leaf_hash, root_over
from tests.lineage.log import logs
from tests.lineage.log.running import KEY, ORIGIN, SIGNER
from vault import LogSigner, SecretBytes

THIEF = LogSigner(SecretBytes(b"a key that nobody has to trust.."))
TILES = {
    "full leaf tile": TilePlace(0, 0),
    "second leaf tile": TilePlace(0, 1),
    "partial leaf tile": TilePlace(0, 2, 188),
    "upper tile": TilePlace(1, 0, 2),
}
BUNDLES = {
    "full bundle": TilePlace(None, 0),
    "second bundle": TilePlace(None, 1),
    "partial bundle": TilePlace(None, 2, 188),
}
CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class Piece:
    """A falsification: its name, what it does to a folder, the codes of which at least one must be found."""

    name: str
    do: Callable[[Path], None]
    codes: frozenset[str]


def pieces() -> list[Piece]:
    return [*_bits(), *_lengths(), *_places(), *_contents(), *_checkpoints(), *_rewritten()]


def _piece(name: str, do: Callable[[Path], None], *codes: str) -> Piece:
    return Piece(name, do, frozenset(codes))


def _edit(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        file = folder / path
        before = file.read_bytes()
        after = change(before)
        assert after != before
        file.write_bytes(after)

    return do


def _flip(at: float) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = min(len(data) - 1, int(len(data) * at))
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

    return change


def _bits() -> Iterator[Piece]:
    for name, place in TILES.items():
        for at in (0, 0.5, 1):
            yield _piece(f"bit {at} of {name}", _edit(place.path, _flip(at)), "tile/hash", "tree/root")
    for name, place in BUNDLES.items():
        for at in (0, 0.0001, 0.5, 1):
            yield _piece(f"bit {at} of {name}", _edit(place.path, _flip(at)), "bundle/entry", "bundle/malformed")


def _lengths() -> Iterator[Piece]:
    for name, place in TILES.items():
        yield _piece(f"{name} cut short", _edit(place.path, lambda data: data[:-32]), "tile/malformed")
        yield _piece(f"{name} torn inside a hash", _edit(place.path, lambda data: data[:-7]), "tile/malformed")
        yield _piece(f"{name} too long", _edit(place.path, lambda data: data + bytes(32)), "tile/malformed")
        yield _piece(f"{name} emptied", _edit(place.path, lambda data: data[:0]), "tile/malformed", "tile/missing")
        yield _piece(f"{name} zeroed", _edit(place.path, lambda data: bytes(len(data))), "tile/hash", "tree/root")
    for name, place in BUNDLES.items():
        yield _piece(f"{name} cut short", _edit(place.path, lambda data: data[:-1]), "bundle/malformed")
        yield _piece(f"{name} too long", _edit(place.path, lambda data: data + b"\0"), "bundle/malformed")
        yield _piece(f"{name} with one more", _edit(place.path, lambda data: data + b"\0\1x"), "bundle/malformed")
        yield _piece(f"{name} emptied", _edit(place.path, lambda data: data[:0]), "bundle/malformed")


def _places() -> Iterator[Piece]:
    for name, place in (*TILES.items(), *BUNDLES.items()):
        kind = "bundle" if place.level is None else "tile"
        yield _piece(f"{name} removed", _remove(place.path), f"{kind}/missing")
    yield _piece("leaf tiles swapped", _swap(TilePlace(0, 0), TilePlace(0, 1)), "tile/hash")
    yield _piece("bundles swapped", _swap(TilePlace(None, 0), TilePlace(None, 1)), "bundle/entry")
    yield _piece("leaf tile repeated", _copy(TilePlace(0, 0), TilePlace(0, 1)), "tile/hash")
    yield _piece("bundle repeated", _copy(TilePlace(None, 0), TilePlace(None, 1)), "bundle/entry")
    yield _piece("upper tile in a leaf tile's place", _copy(TilePlace(1, 0, 2), TilePlace(0, 0)), "tile/malformed")


def _contents() -> Iterator[Piece]:
    for name, place in BUNDLES.items():
        yield _piece(f"two entries of {name} swapped", _entries(place, _swapped), "bundle/entry")
        yield _piece(f"an entry of {name} dropped", _entries(place, lambda all_: all_[1:]), "bundle/malformed")
        yield _piece(f"an entry of {name} twice", _entries(place, lambda all_: [all_[0], *all_]), "bundle/malformed")
        yield _piece(f"an entry of {name} replaced", _entries(place, lambda all_: [b"{}", *all_[1:]]), "bundle/entry")
        yield _piece(f"the last of {name} emptied", _entries(place, lambda all_: [*all_[:-1], b""]), "bundle/entry")
    yield _piece("entry and leaf replaced alike", _entry_and_leaf, "tile/hash")
    yield _piece("entry, leaf and upper tile replaced alike", _up_to_the_root, "tree/root", "tile/hash")
    yield _piece("two leaves of a tile swapped", _edit(TILES["full leaf tile"].path, _two_hashes), "tile/hash")


def _checkpoints() -> Iterator[Piece]:
    for at in (0, 0.2, 0.35, 0.5, 0.9):
        codes = ("checkpoint/signature", "checkpoint/malformed", "checkpoint/missing")
        yield _piece(f"bit {at} of the checkpoint", _edit(CHECKPOINT, _flip(at)), *codes)
    text = Checkpoint(ORIGIN, 700, bytes(32)).text
    malformed, signature = "checkpoint/malformed", "checkpoint/signature"
    yield _piece("checkpoint removed", _remove(CHECKPOINT), "checkpoint/missing")
    yield _piece("checkpoint emptied", _put(b""), malformed)
    yield _piece("checkpoint of control characters", _put(b"\0" * 100 + b"\n\n\x01\n"), malformed)
    yield _piece("checkpoint without signature", _edit(CHECKPOINT, lambda data: data.split("—".encode())[0]), malformed)
    yield _piece("checkpoint of endless length", _put(b"x" * 100_000), malformed, "checkpoint/missing")
    yield _piece("another root, rightly signed", _signed(text), "tree/root")
    yield _piece("larger size, rightly signed", _signed(_like(size=701)), "tree/root", "tile/missing")
    yield _piece("smaller size, rightly signed", _signed(_like(size=699)), "tree/root")
    yield _piece("size zero, rightly signed", _signed(Checkpoint(ORIGIN, 0, bytes(32)).text), "tree/root")
    yield _piece("another origin", _signed(Checkpoint("other.example/log", 700, bytes(32)).text), malformed)
    yield _piece("an extension line, rightly signed", _signed(_like() + b"more\n"), malformed)
    yield _piece("a size with a leading zero", _signed(_like().replace(b"\n700\n", b"\n0700\n")), malformed)
    yield _piece("a root that is no base64", _signed(f"{ORIGIN}\n700\n!!!\n".encode()), malformed)
    yield _piece("a root too short", _signed(f"{ORIGIN}\n700\nAAAA\n".encode()), malformed)
    yield _piece("signed by a stranger's key", _by_stranger, signature)
    yield _piece("a stranger's signature under the log's key id", _forged, signature)
    yield _piece("signature of another text", _of_another_text, signature)


def _rewritten() -> Iterator[Piece]:
    everything = logs.bodies(700)
    changed = [*everything[:100], everything[0], *everything[101:]]
    yield _piece("an entry replaced and hashed anew, without the key", _whole(changed, THIEF), "checkpoint/signature")
    yield _piece(
        "an entry dropped and hashed anew, without the key", _whole(everything[1:], THIEF), "checkpoint/signature"
    )


def _remove(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


def _put(data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / CHECKPOINT).write_bytes(data) and None


def _swap(one: TilePlace, other: TilePlace) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        first, second = (folder / one.path).read_bytes(), (folder / other.path).read_bytes()
        (folder / one.path).write_bytes(second)
        (folder / other.path).write_bytes(first)

    return do


def _copy(source: TilePlace, target: TilePlace) -> Callable[[Path], None]:
    return lambda folder: (folder / target.path).write_bytes((folder / source.path).read_bytes()) and None


def _entries(place: TilePlace, change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    return _edit(place.path, lambda data: pack(change(list(unpack(data, place.width)))))


def _swapped(entries: list[bytes]) -> list[bytes]:
    return [entries[1], entries[0], *entries[2:]]


def _two_hashes(data: bytes) -> bytes:
    return data[32:64] + data[:32] + data[64:]


def _entry_and_leaf(folder: Path) -> None:
    _entries(TilePlace(None, 0), lambda all_: [b"{}", *all_[1:]])(folder)
    _edit(TilePlace(0, 0).path, lambda data: leaf_hash(b"{}") + data[32:])(folder)


def _up_to_the_root(folder: Path) -> None:
    _entry_and_leaf(folder)
    root = root_over(split_hashes((folder / TilePlace(0, 0).path).read_bytes(), 256))
    _edit(TilePlace(1, 0, 2).path, lambda data: root + data[32:])(folder)


def _like(size: int = 700) -> bytes:
    return Checkpoint(ORIGIN, size, root_over([leaf_hash(body) for body in logs.bodies(700)])).text


def _signed(text: bytes) -> Callable[[Path], None]:
    note = Note(text, (Signature(ORIGIN, KEY.id, SIGNER.sign(text)),))
    return _put(note.data)


def _by_stranger(folder: Path) -> None:
    text = _like()
    key = VerifierKey(ORIGIN, 1, THIEF.public_key)
    _put(Note(text, (Signature(ORIGIN, key.id, THIEF.sign(text)),)).data)(folder)


def _forged(folder: Path) -> None:
    text = _like()
    _put(Note(text, (Signature(ORIGIN, KEY.id, THIEF.sign(text)),)).data)(folder)


def _of_another_text(folder: Path) -> None:
    _put(Note(_like(), (Signature(ORIGIN, KEY.id, SIGNER.sign(_like(699))),)).data)(folder)


def _whole(entries: list[bytes], signer: LogSigner) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file():
                path.unlink()
        logs.written(folder, entries, key=VerifierKey(ORIGIN, 1, signer.public_key), signer=signer)

    return do
