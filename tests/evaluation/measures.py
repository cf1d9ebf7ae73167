"""The measurements: columns, cells, prose, names, speed."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from catalog.classify.columns.deciding import decide
from catalog.classify.columns.evidence import Verdict
from catalog.classify.columns.forms import Hit, class_of, forms
from catalog.classify.columns.profile import profile, text_of
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan
from tests.evaluation import cells, held_cells, hostile, naming, numbers, prose, words
from tests.evaluation.prose import Make, Piece
from tests.evaluation.scoring import Tally

TODAY = date(2026, 11, 24)


def verdict(cells_: list[object], name: str) -> Verdict:
    return decide(profile(cells_, TODAY), [name], today_year=TODAY.year)


def hostile_columns(*, held: bool, each: int) -> Tally:
    """Columns under names that say nothing; only kinds whose values tell them."""
    tally = Tally()
    make = held_cells.held_column if held else cells.column
    part = "held" if held else "dev"
    for kind in held_cells.HELD_TELLING if held else cells.TELLING:
        for number in range(each):
            rng = cells.rng_of(part, "hostile", kind, number)
            column = make(kind, rng, 120 if held else 200)
            tally.label(cells.SAME_AS.get(kind, kind), verdict(column, naming.hostile(rng, number)).kind)
    for kind, maker in held_cells.DISTRACTORS.items() if held else ():
        for number in range(each):
            rng = cells.rng_of(part, "distractors", kind, number)
            tally.label(kind, verdict([maker(rng) for _ in range(120)], naming.hostile(rng, number)).kind)
    return tally


def named_columns(names: Mapping[str, str]) -> tuple[Tally, list[tuple[str, str, str]]]:
    """Columns under names of a list, cells of the part kept aside; also what went wrong: (kind, name, said)."""
    tally, wrong = Tally(), []
    for kind, listed in names.items():
        for number, name in enumerate(listed.split()):
            rng = cells.rng_of("named", kind, number, name)
            said = verdict(held_cells.held_column(kind, rng, 120), name).kind
            tally.label(kind, said)
            if said != kind:
                wrong.append((kind, name, said))
    return tally, wrong


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


IDENTIFIERS: dict[str, str] = {
    "id_card_no": "resident_id", "hmt_residence_permit": "hmt_residence_permit", "foreigner_permit": "foreigner_permit", "passport_no": "passport",
    "home_return_permit": "home_return_permit", "hong_kong_id": "hong_kong_id", "taiwan_id": "taiwan_id", "macau_id": "macau_id", "officer_card_no": "officer_card",
    "social_credit_code": "social_credit_code", "bank_card_no": "bank_card", "mobile_no": "mobile", "landline_no": "landline", "email": "email", "login_ip": "ipv4",
    "mac_address": "mac", "imei": "imei", "meid": "meid", "oaid": "uuid_upper", "plate_no": "plate", "vin": "vin", "alipay_id": "alipay_id", "wechat_id": "wechat_id",
    "precise_location": "coordinates", "collateral_asset": "property_certificate", "card_expiry": "card_expiry", "secret_key": "secret_key", "login_password": "password",
}  # fmt: skip
JUNK: tuple[Make, ...] = (
    lambda rng: "20" + numbers.digits(rng, 16), lambda rng: numbers.digits(rng, 11), lambda rng: numbers.digits(rng, 16), lambda rng: str(rng.randint(10**9, 2 * 10**9)),
    lambda rng: f"{rng.randint(1, 10**6)}.{rng.randint(10, 99)}", numbers.uuid, lambda rng: f"SN{numbers.digits(rng, 10)}", lambda rng: "无", lambda rng: words.GOODS[0],
    lambda rng: "1390" + numbers.digits(rng, 7) + "-" + numbers.digits(rng, 2), lambda rng: numbers.digits(rng, 15), lambda rng: f"v{rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}",
)  # fmt: skip


def cells_in_columns(each: int, size: int = 300) -> Tally:
    """Cells under hostile names: columns of identifiers with one cell in twenty something else, and columns of such things.

    A cell is said to be of a kind if its column was taken for it and the cell itself has the form, check digit included.
    """
    tally, known = Tally(), forms()
    for kind, form in IDENTIFIERS.items():
        for number in range(each):
            rng = cells.rng_of("cells", kind, number)
            column = [rng.choice(JUNK)(rng) if rng.random() < 0.05 else None for _ in range(size)]
            labelled = [(cells.TELLING[kind](rng), kind) if cell is None else (cell, "") for cell in column]
            _count_cells(tally, labelled, {kind: known[form]}, naming.hostile(rng, number))
    for number, junk in enumerate(JUNK):
        rng = cells.rng_of("cells", "junk", number)
        _count_cells(
            tally, [(junk(rng), "") for _ in range(size)], {k: known[f] for k, f in IDENTIFIERS.items()}, f"x{number}"
        )
    return tally


def _count_cells(tally: Tally, labelled: list[tuple[object, str]], own: Mapping[str, object], name: str) -> None:
    said = verdict([cell for cell, _ in labelled], name).kind
    form = forms().get(IDENTIFIERS.get(said, ""))
    for cell, truth in labelled:
        text = text_of(cell)
        fits = form is not None and class_of(text) in form.classes and form.low <= len(text) <= form.high
        hit = fits and form is not None and form.test(text, TODAY) in {Hit.FITS, Hit.PASSES}
        if said == "bank_card_no" and fits and form is not None:
            hit = form.test(text, TODAY) is not Hit.NO
        if hit and truth == said:
            tally.hits[said] += 1
        elif truth:
            tally.misses[truth] += 1
        if hit and truth != said:
            tally.alarms[said] += 1
    del own


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
