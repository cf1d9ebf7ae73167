"""The project speaks of the product alone: no one's machine, no registry, no workplace."""

from tests.house import tree

# Written in two halves so that this file does not find itself.
PLACES = ("/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/", "../sh" + "ared")
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js", "proxy.gol" + "ang", "crates" + ".io")
LOCKS = {"uv.lock"}  # names where each file came from: that is what a lock is


def _texts() -> dict[str, str]:
    texts = {}
    for path in tree.files():
        if path.name in LOCKS:
            continue
        data = (tree.ROOT / path).read_bytes()
        if b"\0" not in data[:8192]:
            texts[str(path)] = data.decode()
    return texts


def test_no_file_names_a_machine_path() -> None:
    assert [(name, word) for name, text in _texts().items() for word in PLACES if word in text] == []


def test_no_file_names_a_registry() -> None:
    assert [(name, word) for name, text in _texts().items() for word in HOSTS if word in text] == []


def test_every_text_ends_with_one_newline_and_uses_plain_line_ends() -> None:
    odd = [name for name, text in _texts().items() if text and ("\r" in text or not text.endswith("\n"))]
    assert [name for name in odd if not name.endswith((".csv", ".json", ".sha256"))] == []
