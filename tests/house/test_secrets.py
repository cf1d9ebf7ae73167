"""Secrets are compared in constant time, and identifiers are never hashed without a key."""

import ast
import re
from collections.abc import Iterator

from tests.house import tree

SECRET = re.compile(r"(^|_)(h?mac|tag|digests?|secret|token|password|pin|signature)$")
COMPARES = ast.Eq | ast.NotEq | ast.In | ast.NotIn
PUBLIC = {
    "api/ends.py": "digests of ledger entries",
    "api/routes/log.py": "an ETag",
    "api/usecases/revealing.py": "tokens the database found, looked up by the token asked for",
    "lineage/log/sequencer.py": "leaf hashes, which the log publishes",
    "lineage/replay.py": "digests of shapes, which stand in the ledger for everyone to recompute",
}
HASHES = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "crc32", "adler32"}
HASHES |= {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SM3", "MD5"}
HASHING = {
    "api/auditing/running.py": "rows of the state, compared with the ledger's fold",
    "api/cli/backups.py": "content of a backup file",
    "api/identity/verifier.py": "a token's id, to find its use in the log",
    "api/routes/log.py": "an ETag of a published tile",
    "api/service.py": "the name of a replica",
    "api/usecases/deidentifying.py": "reports of de-identification, without values",
    "api/usecases/exporting.py": "content of an exported file",
    "catalog/canonical.py": "digests of documents",
    "catalog/classify/report.py": "the style sheet of a report, for its content policy",
    "catalog/classify/reviewing.py": "names of columns",
    "catalog/features.py": "names of segments",
    "catalog/store.py": "revisions of the catalogue",
    "consent/rows.py": "what a row says, before its keyed code",
    "examples/loading.py": "files of the examples",
    "gate/engines/bundle.py": "revisions of the policy",
    "gate/erasing/certificates.py": "bodies of certificates, which name nobody",
    "gate/loading/sources.py": "content of a file, keyed before it is stored",
    "gate/replaying/previewing.py": "content of a candidate policy",
    "lineage/checking.py": "leaves of the ledger",
    "lineage/entries.py": "leaves of the ledger",
    "lineage/evidence/pack.py": "files of a pack",
    "lineage/evidence/policies.py": "the revision of a policy",
    "lineage/evidence/verify.py": "files of a pack",
    "lineage/graph/graph.py": "names of columns",
    "lineage/log/notes.py": "public keys",
    "lineage/log/tree.py": "leaves and nodes of the transparency log",
    "lineage/queries.py": "leaves of the ledger",
    "lineage/replay.py": "shapes of answers",
    "lineage/shapes.py": "shapes of answers",
    "lineage/template.py": "leaves of the ledger",
    "vault/bulk/runs.py": "content of a file",
    "vault/bulk_plans.py": "plans of bulk runs, without values",
    "vault/deid_plans.py": "plans of de-identification, without values",
    "vault/rows.py": "the hash inside keyed codes of rows",
    "vault/signing.py": "public keys",
    "vault/suites.py": "the hashes under HMAC and HKDF",
}


def _last(node: ast.AST) -> str:
    return tree.dotted(node).rsplit(".", 1)[-1]


def _is_store(parts: tuple[str, ...]) -> bool:
    """Where == makes SQL."""
    return any(part.startswith("store") or part == "tables.py" for part in parts)


def _compared(source: ast.Module) -> Iterator[ast.Compare]:
    for node in ast.walk(source):
        if isinstance(node, ast.Compare) and any(isinstance(operator, COMPARES) for operator in node.ops):
            sides = [node.left, *node.comparators]
            if any(SECRET.search(_last(side)) for side in sides) and not any(_is_none(side) for side in sides):
                yield node


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _hashed(source: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(source):
        if not isinstance(node, ast.Call):
            continue
        name = tree.dotted(node.func)
        if _last(node.func) in HASHES or name == "hashlib.new":
            yield node


def test_secrets_are_compared_in_constant_time() -> None:
    """By ``hmac.compare_digest``, so that the time of a refusal does not tell how much was right."""
    strays = [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path in tree.product()
        if str(path) not in PUBLIC and not _is_store(path.parts)
        for node in _compared(tree.parsed(path))
    ]
    assert strays == []


def test_only_files_that_say_why_hash_without_a_key() -> None:
    """A bare hash of an identifier is the identifier: a resident number has fewer than 2^37 values."""
    hashing = {str(path) for path in tree.product() if any(_hashed(tree.parsed(path)))}
    assert hashing == HASHING.keys()


def test_the_rules_find_what_they_are_for() -> None:
    bad = ast.parse("if row.mac == mac: pass\nif given_token != wanted: pass\nx = hashlib.sha256(number).digest()\n")
    good = ast.parse("if mac is None: pass\nif hmac.compare_digest(row.mac, mac): pass\nhmac.digest(k, d, 'sha256')\n")
    assert (len(list(_compared(bad))), len(list(_hashed(bad)))) == (2, 1)
    assert (list(_compared(good)), list(_hashed(good))) == ([], [])


def test_nothing_writes_local_variables_into_a_traceback() -> None:
    names = {"show_locals", "capture_locals", "pretty_exceptions_show_locals", "tracebacks_show_locals"}
    strays = [
        f"{path}:{node.lineno}"
        for path in tree.product()
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.keyword) and node.arg in names
    ]
    assert strays == []
