"""The published vectors of docs/formats/{log,checkpoint,receipt}.md hold for this code."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import LineageError
from lineage.log import (
    Checkpoint,
    LogAuditCode,
    LogFaultCode,
    Note,
    Receipt,
    TilePlace,
    VerifierKey,
    open_checkpoint,
)
from lineage.log.errors import (
    CheckpointMalformedError,
    KeyTextError,
    NoteMalformedError,
    NoteSignatureError,
    ProofInvalidError,
    ReceiptMalformedError,
    TileMalformedError,
)
from lineage.log.layout import pack, unpack
from lineage.log.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof
from lineage.log.tree import EMPTY_ROOT, Edge, TreeReader, leaf_hash, root_over
from tests.lineage.log import logs
from tests.lineage.log.running import KEY, SIGNER

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "vectors" / "log"
TREE = json.loads((FOLDER / "tree.json").read_text())
NOTES = json.loads((FOLDER / "notes.json").read_text())
PATHS = json.loads((FOLDER / "paths.json").read_text())


@pytest.mark.parametrize("size", range(9))
def test_the_reference_roots_of_rfc_6962(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(each)) for each in TREE["leaves"]][:size]
    edge = Edge()
    for leaf in leaves:
        edge.append([leaf])
    assert root_over(leaves).hex() == edge.root().hex() == TREE["roots"][size]


@pytest.mark.parametrize("vector", TREE["inclusion"], ids=lambda vector: f"{vector['index']} of {vector['size']}")
def test_inclusion_proofs_hold_for_their_own_leaf_only(vector: dict[str, Any]) -> None:
    leaf = leaf_hash(bytes.fromhex(TREE["leaves"][vector["index"]]))
    root = bytes.fromhex(TREE["roots"][vector["size"]])
    proof = [bytes.fromhex(each) for each in vector["proof"]]
    check_inclusion(leaf, vector["index"], size=vector["size"], root=root, proof=proof)
    with pytest.raises(ProofInvalidError):
        check_inclusion(leaf_hash(b"another"), vector["index"], size=vector["size"], root=root, proof=proof)


@pytest.mark.parametrize("vector", TREE["consistency"], ids=lambda vector: f"{vector['old']} to {vector['new']}")
def test_consistency_proofs_hold_for_their_own_roots_only(vector: dict[str, Any]) -> None:
    old, new = ((size, bytes.fromhex(TREE["roots"][size])) for size in (vector["old"], vector["new"]))
    proof = [bytes.fromhex(each) for each in vector["proof"]]
    check_consistency(old, new, proof)
    with pytest.raises(ProofInvalidError):
        check_consistency((old[0], bytes(32)), new, proof)


@pytest.mark.parametrize("vector", NOTES["keys"], ids=lambda vector: vector["text"])
def test_verifier_keys_are_read_and_written(vector: dict[str, Any]) -> None:
    key = VerifierKey.parse(vector["text"])
    assert (key.name, key.algorithm, key.public.hex()) == (vector["name"], vector["algorithm"], vector["public"])
    assert key.text == vector["text"]


@pytest.mark.parametrize("text", NOTES["malformed_keys"])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(KeyTextError):
        VerifierKey.parse(text)


@pytest.mark.parametrize("vector", NOTES["notes"], ids=lambda vector: vector["name"])
def test_notes_and_who_signed_them(vector: dict[str, Any]) -> None:
    note = Note.parse(vector["note"].encode())
    assert note.data == vector["note"].encode()
    keys = [VerifierKey.parse(each) for each in vector["keys"]]
    if vector["signed_by"]:
        assert [key.text for key in note.verified_by(keys)] == vector["signed_by"]
    else:
        with pytest.raises(NoteSignatureError):
            note.verified_by(keys)


@pytest.mark.parametrize("text", NOTES["malformed_notes"])
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformedError):
        Note.parse(text.encode())


@pytest.mark.parametrize("text", NOTES["malformed_checkpoints"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointMalformedError):
        Checkpoint.parse(text.encode())


@pytest.mark.parametrize("vector", PATHS["tiles"], ids=lambda vector: vector["path"])
def test_paths_of_tiles(vector: dict[str, Any]) -> None:
    place = TilePlace(vector["level"], vector["index"], vector["width"])
    assert (place.path, TilePlace.parse(vector["path"])) == (vector["path"], place)


@pytest.mark.parametrize("path", PATHS["malformed"])
def test_what_is_no_path_of_a_tile_is_refused(path: str) -> None:
    with pytest.raises(TileMalformedError):
        TilePlace.parse(path)


def test_the_log_of_the_vectors_is_written_byte_by_byte(tmp_path: Path) -> None:
    written = logs.written(tmp_path / "log", logs.bodies(300), steps=(1, 300))
    digests = {
        str(path.relative_to(written)): sha256(path.read_bytes()).hexdigest()
        for path in written.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert digests == json.loads((FOLDER / "folder.json").read_text())


def test_the_receipt_of_the_vectors_holds_and_is_what_is_written(tmp_path: Path) -> None:
    text = (FOLDER / "receipt.txt").read_text()
    receipt = Receipt.parse(text)
    assert receipt.text == text
    assert receipt.check(logs.bodies(300)[receipt.index], KEY).size == 300
    with pytest.raises(ProofInvalidError):
        receipt.check(b"{}", KEY)


def test_a_receipt_with_extra_data_is_read_and_the_data_not_believed() -> None:
    text = (FOLDER / "receipt.txt").read_text()
    extra = text.replace("@v1\n", "@v1\nextra YWdl\n")
    assert Receipt.parse(extra) == Receipt.parse(text)


@given(st.data())
def test_a_receipt_that_was_changed_anywhere_does_not_hold(data: st.DataObject) -> None:
    text = (FOLDER / "receipt.txt").read_text()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda each: each != text[place]))
    changed = text[:place] + letter + text[place + 1 :]
    with pytest.raises((ReceiptMalformedError, LineageError)):
        Receipt.parse(changed).check(logs.bodies(300)[Receipt.parse(text).index], KEY)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_bundles_hold_what_was_packed_and_nothing_else(entries: list[bytes]) -> None:
    data = pack(entries)
    assert list(unpack(data, len(entries))) == entries
    for wrong in (data + b"\0", data[:-1]) if data else (b"\0",):
        with pytest.raises(TileMalformedError):
            unpack(wrong, len(entries))


@given(st.integers(1, 1500), st.lists(st.integers(1, 400), max_size=6), st.data())
def test_proofs_from_tiles_hold_at_every_size(size: int, steps: list[int], data: st.DataObject) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    edge, tiles = Edge(), {}
    for step in (*steps, size):
        tiles |= dict(edge.append(leaves[edge.size : edge.size + step]))
    tiles |= dict(edge.tiles())
    reader = TreeReader(size, tiles.__getitem__)
    assert edge.root() == root_over(leaves) == reader.root(0, size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    proof = inclusion_proof(reader, index, size)
    check_inclusion(leaves[index], index, size=size, root=edge.root(), proof=proof)
    growth = consistency_proof(reader, old, size)
    old_root = root_over(leaves[:old])
    check_consistency((old, old_root), (size, edge.root()), growth)
    for broken in ([*proof, bytes(32)], proof[:-1] if proof else [bytes(32)]):
        with pytest.raises(ProofInvalidError):
            check_inclusion(leaves[index], index, size=size, root=edge.root(), proof=broken)
    with pytest.raises(ProofInvalidError):
        check_consistency((old, bytes(32)), (size, edge.root()), growth)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert sha256(b"").digest() == EMPTY_ROOT == Edge().root() == root_over([])


def test_a_checkpoint_is_believed_under_its_own_key_only() -> None:
    data = Checkpoint(KEY.name, 0, EMPTY_ROOT).signed(SIGNER).data
    assert open_checkpoint(data, KEY)[0].size == 0
    with pytest.raises(NoteSignatureError):
        open_checkpoint(data, VerifierKey("other.example/log", 1, SIGNER.public_key))


def test_the_documents_show_the_vectors_and_name_every_fault() -> None:
    formats = ROOT / "docs" / "formats"
    assert NOTES["notes"][0]["note"] in (formats / "checkpoint.md").read_text()
    page = (formats / "log.md").read_text()
    codes = [*LogFaultCode, *LogAuditCode]
    assert [code for code in codes if f"`{code.value}`" not in page] == []
