"""Names of columns: hostile ones, and ones made of the lexicon's words as used while tuning."""

from collections import defaultdict
from pathlib import Path
from random import Random

import yaml

from catalog.classify.names import lexicon

HOSTILE = ("f{}", "col_{}", "c{}", "field_{}", "x_{:02}", "column{}", "v{}", "attr_{}", "a{}b", "字段{}")


def hostile(rng: Random, number: int) -> str:
    return rng.choice(HOSTILE).format(number)


def lexicon_names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for path in sorted(Path(lexicon.__file__).parent.glob("*.yaml")):
        for kind, languages in yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader).items():
            for texts in languages.values():
                names[kind] += texts
    return names


def styled(rng: Random, text: str) -> str:
    """A phrase as columns write it: snake, camel, upper, with prefixes."""
    if not text.isascii():
        return rng.choice(["", "客户", "用户"]) + text
    words = text.split()
    styles = (
        "_".join(words),
        "".join([words[0], *(w.title() for w in words[1:])]),
        "_".join(words).upper(),
        "".join(w.title() for w in words),
    )
    return rng.choice(["", "", "cust_", "t_", "user_"]) + rng.choice(styles)
