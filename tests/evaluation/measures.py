"""The measurements: columns, cells, prose, names, speed."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from catalog.classify.columns.deciding import decide
from catalog.classify.columns.evidence import Verdict
from catalog.classify.columns.forms import Form, Hit, class_of, forms
from catalog.classify.columns.kinds import column_kinds
from catalog.classify.columns.profile import profile, text_of
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan
from tests.evaluation import cells, held_cells, hostile, naming, numbers, prose, words
from tests.evaluation.prose import Make, Piece
from tests.evaluation.scoring import Tally

TODAY = date(2026, 11, 24)
TELLING = cells.TELLING


def verdict(cells_: list[object], name: str, comment: str = "") -> Verdict:
    return decide(profile(cells_, TODAY), [name, comment] if comment else [name], today_year=TODAY.year)


Column = Callable[[str, Random, int], list[object]]


def hostile_columns(part: str, kinds: Iterable[str], make: Column, *, each: int, size: int = 120) -> Tally:
    """Columns under names that say nothing; only kinds whose values tell them."""
    tally = Tally()
    for kind in kinds:
        for number in range(each):
            rng = cells.rng_of(part, "hostile", kind, number)
            column = make(kind, rng, size)
            tally.label(cells.SAME_AS.get(kind, kind), verdict(column, naming.hostile(rng, number)).kind)
    return tally


def distracting_columns(tally: Tally, each: int) -> Tally:
    """Adds columns of numbers that look like others."""
    for kind, maker in held_cells.DISTRACTORS.items():
        for number in range(each):
            rng = cells.rng_of("held", "distractors", kind, number)
            tally.label(kind, verdict([maker(rng) for _ in range(120)], naming.hostile(rng, number)).kind)
    return tally


def listed_columns(listed: Mapping[str, str], *, explained: bool) -> tuple[Tally, list[tuple[str, str, str]]]:
    """Columns of a list (`name:comment#` by kind), with their comments or without; also what went wrong: (kind, name, said)."""
    tally, wrong = Tally(), []
    for kind, tokens in listed.items():
        for token in tokens.split():
            name, _, comment = token.rstrip("#").partition(":")
            column = _listed_cells(kind, name, coded=token.endswith("#"))
            said = verdict(column, name, comment if explained else "").kind
            truths = kind.split("|")
            tally.label(said if said in truths else truths[0], said)
            if said not in truths:
                wrong.append((kind, f"{name}:{comment}" if explained and comment else name, said))
    return tally, wrong


def _listed_cells(kind: str, name: str, *, coded: bool) -> list[object]:
    rng = cells.rng_of("listed", kind, name)
    if coded:
        codes = "01" if kind == "flag" else "123"
        return ["" if rng.random() < 0.08 else rng.choice(codes) for _ in range(120)]
    return held_cells.held_column(kind.split("|", maxsplit=1)[0], rng, 120)


def lexicon_columns(each: int) -> Tally:
    """Columns under the lexicon's own phrases in the styles of columns: the set that was tuned on."""
    tally, names = Tally(), naming.lexicon_names()
    for kind in {**cells.TELLING, **cells.NAMED}:
        truth = cells.SAME_AS.get(kind, kind)
        for number in range(each):
            rng = cells.rng_of("dev", "named", kind, number)
            column = cells.column(kind, rng, 200)
            tally.label(truth, verdict(column, naming.styled(rng, rng.choice(names[truth]))).kind)
    return tally


IDENTIFIERS = (
    "id_card_no hmt_residence_permit foreigner_permit passport_no home_return_permit hong_kong_id taiwan_id macau_id officer_card_no social_credit_code bank_card_no mobile_no landline_no email "
    "login_ip mac_address imei meid oaid plate_no vin alipay_id wechat_id precise_location collateral_asset card_expiry secret_key login_password"
).split()
JUNK: tuple[Make, ...] = (
    lambda rng: "20" + numbers.digits(rng, 16), lambda rng: numbers.digits(rng, 11), lambda rng: numbers.digits(rng, 16), lambda rng: str(rng.randint(10**9, 2 * 10**9)),
    lambda rng: f"{rng.randint(1, 10**6)}.{rng.randint(10, 99)}", numbers.uuid, lambda rng: f"SN{numbers.digits(rng, 10)}", lambda rng: "无", lambda rng: words.GOODS[0],
    lambda rng: "1390" + numbers.digits(rng, 7) + "-" + numbers.digits(rng, 2), lambda rng: numbers.digits(rng, 15), lambda rng: f"v{rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}",
)  # fmt: skip


MORE_JUNK: tuple[Make, ...] = (
    lambda rng: "XD" + numbers.digits(rng, 12), lambda rng: "1380" + numbers.digits(rng, 7), lambda rng: "62" + numbers.digits(rng, 14), lambda rng: numbers.digits(rng, 17) + "X", lambda rng: f"{rng.getrandbits(56):014x}", lambda rng: "暂无",
    lambda rng: f"202{rng.randint(0, 5)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} 12:00", lambda rng: f"{rng.randint(1, 99)},{rng.randint(100, 999)}.00", lambda rng: f"{rng.randint(1, 300)}.{rng.randint(0, 300)}.{rng.randint(0, 300)}.1.2", lambda rng: numbers.digits(rng, 10),
)  # fmt: skip


def cells_in_columns(
    part: str, makers: Mapping[str, Make], others: tuple[Make, ...], each: int, size: int = 300
) -> Tally:
    """Cells under hostile names: columns of identifiers with one cell in twenty something else, and columns of such things.

    A cell is said to be of a kind if its column was taken for it and the cell itself has the form, check digit included.
    """
    tally = Tally()
    for kind in IDENTIFIERS:
        for number in range(each):
            rng = cells.rng_of(part, kind, number)
            column = [rng.choice(others)(rng) if rng.random() < 0.05 else None for _ in range(size)]
            labelled = [(makers[kind](rng), kind) if cell is None else (cell, "") for cell in column]
            _count_cells(tally, labelled, naming.hostile(rng, number))
    for number, junk in enumerate(others):
        rng = cells.rng_of(part, "junk", number)
        _count_cells(tally, [(junk(rng), "") for _ in range(size)], f"x{number}")
    return tally


def _count_cells(tally: Tally, labelled: list[tuple[object, str]], name: str) -> None:
    said = verdict([cell for cell, _ in labelled], name).kind
    own = [forms()[form] for form in column_kinds()[said].assumed] if said in IDENTIFIERS else []
    for cell, truth in labelled:
        hit = any(_has(form, text_of(cell), said) for form in own)
        if hit and truth == said:
            tally.hits[said] += 1
        elif truth:
            tally.misses[truth] += 1
        if hit and truth != said:
            tally.alarms[said] += 1


def _has(form: Form, text: str, kind: str) -> bool:
    """Whether a cell has a form; a check digit that fails is no identifier, but for cards, of which old ones fail."""
    if class_of(text) not in form.classes or not form.low <= len(text) <= form.high:
        return False
    hit = form.test(text, TODAY)
    return hit in {Hit.FITS, Hit.PASSES} or (kind == "bank_card_no" and hit is Hit.FAILS)


def prose_set(pieces: Iterable[Piece]) -> Tally:
    """Texts: a finding counts only with its kind and both its ends right."""
    tally = Tally()
    for piece in pieces:
        found = {(one.kind, one.start, one.end) for one in scan(piece.text, TODAY).findings}
        gold = set(piece.spans)
        tally.hits.update(kind for kind, _, _ in gold & found)
        tally.misses.update(kind for kind, _, _ in gold - found)
        tally.alarms.update(kind for kind, _, _ in found - gold)
    return tally


PLAIN = "{}昨天去了杭州|会议由{}主持|我和{}一起吃饭|这件事{}已经知道了|据{}介绍，项目进展顺利|{}、{}都没有来|昨晚{}给我打了电话|{}的申请被退回".split(
    "|"
)


def plain_names(count: int) -> Tally:
    """Names of persons in prose that nothing announces."""
    rng, tally = Random("plain names"), Tally()
    for number in range(count):
        text, gold = "", set()
        parts = PLAIN[number % len(PLAIN)].split("{}")
        for place, part in enumerate(parts):
            text += part
            if place < len(parts) - 1:
                name = words.person(rng)
                gold.add((len(text), len(text) + len(name)))
                text += name
        found = {(one.start, one.end) for one in scan(text, TODAY, kinds=["person_name"]).findings}
        tally.hits["person_name"] += len(gold & found)
        tally.misses["person_name"] += len(gold - found)
        tally.alarms["person_name"] += len(found - gold)
    return tally


@dataclass(frozen=True)
class Speed:
    """On one core, in its own time (not the clock's): columns and cells a second, and milliseconds for hostile texts."""

    columns_s: float
    cells_s: float
    slowest: tuple[tuple[str, float, str], ...]
    sentence_us: float


def speed(size: int = 1000) -> Speed:
    kinds = sorted(cells.TELLING)
    columns = [cells.column(kind, cells.rng_of("speed", kind), size) for kind in kinds]
    verdict(columns[0], "f1")
    took = timed(lambda: [verdict(column, "f1") for column in columns])
    text = prose.pieces(Random("speed"), 1, prose.TEMPLATES, prose.VALUES, prose.DISTRACTORS)[0].text
    scans = timed(lambda: [scan(text, TODAY) for _ in range(200)]) / 200
    return Speed(len(columns) / took, len(columns) * size / took, slowest(), scans * 1e6)


def slowest() -> tuple[tuple[str, float, str], ...]:
    """The worst hostile text for each recogniser: (kind, milliseconds, which text), slowest first."""
    worst: dict[str, tuple[float, str]] = {}
    for name, text in hostile.TEXTS.items():
        for kind in recognisers().kinds:
            took = timed(lambda text=text, kind=kind: scan(text, TODAY, kinds=[kind])) * 1000  # type: ignore[misc]
            worst[kind] = max(worst.get(kind, (0.0, "")), (took, name))
    ranked = sorted(worst.items(), key=lambda item: -item[1][0])
    return tuple((kind, took, name) for kind, (took, name) in ranked)


def timed(work: Callable[[], object]) -> float:
    """Seconds of this process's own time."""
    began = time.process_time()
    work()
    return time.process_time() - began
