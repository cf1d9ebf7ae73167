"""``make eval``: measure the classification and write docs/evaluation.md. About a minute on one core."""

import platform
from collections.abc import Iterator
from pathlib import Path

from catalog.classify.columns.kinds import column_kinds
from catalog.classify.names.lexicon import lexicon_size
from catalog.classify.values.rules import recognisers
from tests.evaluation import cells as own_cells
from tests.evaluation import fresh_cells, held_cells, measures, parts
from tests.evaluation.scoring import Tally

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evaluation.md"
TEXTS = 3000

HEAD = """# What classification finds, measured

Written by `make eval` (`python -m tests.evaluation`); the sets are in `tests/evaluation`. No set holds a real person's
data: identifiers are drawn at random with right check digits, names and addresses are put together from common parts.

## How the sets were built, and what the figures are worth

Every part was written, run once, and only then looked at. Its result of that one run is its **first look**. What the
errors showed was mended in general (below), so that every part afterwards only tests that nothing got worse; then the next
part was written. First looks are estimates for data nobody has seen; all other figures are regression tests. The fifth
own part was left as it was found: nothing was changed for it.

- **Cells**: the generators that were tuned on, and two parts with other formats, words and more dirt.
- **Prose**: the sentences that were tuned on, six parts by the rules' authors (other speakers, desks and papers, other
  distractors), and from the seventh on parts by an author who had seen neither the rules nor any other part; in the tenth
  every value has a word that names it right beside it.
- **Names of columns, own**: the lexicon's own phrases, three parts by the rules' authors, and two by an author who knew the
  titles of the kinds and neither the rules nor any other part: names that say what they hold, as a bank's warehouse has
  them (the fourth) and as databases of applications have them (the fifth; many of its Chinese names are the kinds' titles).
- **Names of columns, public**: six lists, {public} columns, found by searching public SQL for Chinese comments, telling
  names and untelling ones alike (`chairman` for a telephone); nobody chose them with this lexicon in mind. From the second
  on each has its comment, as a database has it.
- **Labels**: the comment's meaning. A column whose name and comment fit two kinds (`create_time`, 注册时间; `credit_price`,
  授信额度) has both labels, and either is right; five names of the first lists, and of the third, fourth and
  fifth own part four, one and four
  (`transaction_amount`: an amount, and the field of payment transactions; `mobile_sha256`: a digest, and a mobile number
  protected by one) got theirs after they had been run. Numbers that no form and no spread tells from another kind (any
  eleven digits that are a mobile number) are no distractors.

| first look | kinds | columns | right | macro F1 |
| --- | --- | --- | --- | --- |
| cells 1, names that say nothing | 93 | 384 | | 0.994 |
| cells 2, names that say nothing | 93 | 372 | 98.9 % | 0.986 |
| own names 1 | 127 | 400 | | 0.973 |
| own names 2 | 113 | 233 | | 0.978 |
| own names 3 | 127 | 365 | 98.6 % | 0.986 (0.997 with both labels) |
| own names 4 | 127 | 495 | 98.0 % | 0.981 (0.983 with both labels) |
| own names 5 | 127 | 495 | 99.2 % | 0.991 (0.998 with both labels) |
| public 1, names only | 51 | 202 | 93.1 % | |
| public 2, names only / with comments | 62 | 322 | 90.7 / 96.3 % | 0.848 / 0.944 |
| public 3, names only / with comments | 78 | 417 | 92.8 / 99.0 % | 0.900 / 0.989 |
| public 4, names only / with comments | 64 | 384 | 96.4 / 97.9 % | 0.949 / 0.975 |
| public 5, names only / with comments | 54 | 303 | 91.7 / 97.0 % | 0.918 / 0.975 |
| public 6, names only / with comments | 55 | 224 | 96.4 / 97.8 % | 0.933 / 0.945 |

| first look, prose | kinds with recall and precision >= 0.97, of 41 | kinds that missed it |
| --- | --- | --- |
| 1 | 36 | taiwan_permit, ipv6, password, postal_address, person_name |
| 2 | 35 | landline, mac, one_time_code, password, plate, taiwan_id |
| 3 | 39 | ipv4, qq |
| 4 | 40 | mobile |
| 5 | 39 | bank_card (0.966), ipv6 |
| 6 | 38 | landline, mobile, person_name |
| 7 | 34 | advertising_id, card_security_code, driver_file_no, foreigner_permit_old, taiwan_id, wechat_id, person_name |
| 8 | 38 | card_security_code, one_time_code, person_name |
| 9 | 36 | birth_date, driver_file_no, foreigner_permit_old, social_security_card, person_name |
| 10 | 38 | alipay_id, foreigner_permit_old, person_name |

**What this says.** Of identifiers in columns and of columns without telling names the goals are met on data nobody had seen.
In prose 34 to 40 of 41 kinds meet 0.97 in sentences nobody had seen: hardly anything is found where nothing is (precision 0.97
and more from the seventh on, but for names of persons in the tenth), but of some kind one way of announcing it was not known, or stood a clause away. Mended, all kinds do but names of
persons (below). Of names
that say what they hold 0.991 is reached at first look in the last part, which is the goal, after 0.981 in the one before, whose
names are abbreviated more. Of names in public schemas, read with their comments, 97 to 99 of 100 columns are right at first look: macro F1 stays below the goal of 0.99, in
part because a kind with one column counts as much as one with thirty. Without comments it is 91 to 96 of 100; what is
missing there are mostly names that tell nobody what they hold (`code`, `total`, `AAC007`). So `yumen classify` puts
what it finds up for review; run it on a sample that somebody labelled before you rely on it.

**What the first looks changed**: spellings of one word, words written together (`uregtime`), codes of code tables (`XBM`, 性别码),
comments above names and without what they explain in brackets, links that are no addresses, dates at midnight, values
right behind a Latin name (IP10.2.3.4), numbers announced as something else's (受理号), roles before a name (司机王某先生), clauses,
nouns with an aside in brackets (永居证（旧）编号), what a clause before announced, words that announce,
extensions of telephones, names of buildings, rarer surnames, lower case in cells, spans of time in names (login_count_last_30_days), compounds (`rcv_addr_detail`: the last
noun says what it is, a word before it of what or whose), pinyin and initials behind a role (`jkrsjh`); and the lexicon grew.
"""


def main() -> None:
    """Measure, write, and say what misses its goal."""
    public = sum(len(names.split()) for _, names in parts.PUBLIC for names in names.values())
    lines = [HEAD.format(public=public), *columns(), *cells(), *texts(), *fast(), *size()]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {PAGE.name}")


def columns() -> Iterator[str]:
    """Columns."""
    rows = [
        (
            "names that say nothing, tuned on",
            measures.hostile_columns("dev", own_cells.TELLING, own_cells.column, each=6, size=200),
            0.97,
        ),
        (
            "names that say nothing, part 1",
            measures.distracting_columns(
                measures.hostile_columns("held", held_cells.HELD_TELLING, held_cells.held_column, each=4), 4
            ),
            0.97,
        ),
        (
            "names that say nothing, part 2",
            measures.hostile_columns("fresh", fresh_cells.FRESH_TELLING, fresh_cells.fresh_column, each=4),
            0.97,
        ),
        ("the lexicon's own phrases", measures.lexicon_columns(6), 0.99),
    ]
    wrong: list[tuple[str, str, str, str]] = []
    for title, names in (*parts.OWN, *parts.PUBLIC):
        for explained in (False, True) if any(":" in listed for listed in names.values()) else (False,):
            tally, missed = measures.listed_columns(names, explained=explained)
            shown = f"{title}, with comments" if explained else title
            rows.append((shown, tally, 0.99))
            wrong += [(shown, *each) for each in missed]
    yield "## Columns, as they are now\n\nA column of 120 or 200 cells with empty ones and dirt; F1 by kind, averaged over kinds.\n"
    yield "| set | kinds | columns | macro F1 | right | goal | met |\n| --- | --- | --- | --- | --- | --- | --- |"
    for title, tally, goal in rows:
        total = sum(tally.hits.values()) + sum(tally.misses.values())
        right, macro = sum(tally.hits.values()) / total, tally.macro_f1()
        met = "yes" if macro >= goal else "**no**"
        yield f"| {title} | {len(tally.kinds())} | {total} | {macro:.4f} | {right:.4f} | {goal} | {met} |"
    yield (
        "\nNames that say nothing (`f1`, `col_7`) are given only to kinds whose values can tell them; the others are amounts,\n"
        "counts, flags and times that any column may hold. Without a name those end in a general kind, ungraded, and so of the\n"
        "highest grade until someone confirms. What goes wrong under sensible names:\n"
    )
    yield "| set | kind | name | taken for |\n| --- | --- | --- | --- |"
    yield from (f"| {title} | {kind.replace('|', ' or ')} | `{name}` | {said} |" for title, kind, name, said in wrong)


def cells() -> Iterator[str]:
    """Cells in columns."""
    yield "\n## Identifiers in columns\n"
    yield (
        "Cells of columns under names that say nothing, one in twenty something else (order numbers, serials, times, amounts), and\n"
        "columns of nothing but such things. A cell counts if its column was taken for the kind and the cell has the form. Goal:\n"
        "0.99 and 0.99 for every kind. The part kept aside writes values with apostrophes, tabs, dashes, in full width and lower\n"
        "case; at first look 26 of 28 kinds met the goal (not passport_no, in lower case, and mobile_no, beside a column of eleven\n"
        "digits that were one in every respect). Kinds without a form of their own (QQ, one-time codes, CVN, social security\n"
        "and driver licence numbers) are told by their column's name only.\n"
    )
    yield "Tuned on:\n"
    yield from table(measures.cells_in_columns("cells", own_cells.TELLING, measures.JUNK, 4), 0.99)
    yield "\nKept aside:\n"
    yield from table(measures.cells_in_columns("fresh cells", fresh_cells.FRESH_TELLING, measures.MORE_JUNK, 4), 0.99)


def texts() -> Iterator[str]:
    """Prose."""
    yield "\n## Identifiers in Chinese prose, as they are now\n"
    yield (
        f"{TEXTS} texts of three to six clauses each: identifiers among order numbers, times, amounts and serials. A finding\n"
        "counts only with its kind and both its ends right. Goal: 0.97 and 0.97 for every kind.\n"
    )
    yield "| part | values | recall | precision | kinds below 0.97 |\n| --- | --- | --- | --- | --- |"
    last = Tally()
    for title, part in parts.PROSE:
        last = measures.prose_set(part(TEXTS))
        yield brief(title, last)
    yield f"\nThe last part ({title}) by kind:\n"
    yield from table(last, 0.97)
    plain = measures.plain_names(400)
    yield (
        f"\n**Names of persons** are found where a word announces them (姓名, 收货人, 先生). Where nothing does, recall is\n"
        f"{plain.recall('person_name'):.2f} over {plain.hits['person_name'] + plain.misses['person_name']} names: a Chinese name has no form of its own, and no model is shipped.\n"
        "Who has one can register it on the analyzer of `catalog.classify.recognisers`. In columns names are told well, by\n"
        "the rate of many cells.\n"
    )


def fast() -> Iterator[str]:
    """Speed."""
    found = measures.speed()
    yield "## Speed\n"
    yield f"One core, the process's own time, Python {platform.python_version()}; columns of 1,000 cells.\n"
    yield "| | |\n| --- | --- |"
    yield f"| columns a second | {found.columns_s:.1f} |"
    yield f"| cells a second | {found.cells_s:,.0f} |"
    yield f"| a text of some 100 characters, all recognisers | {found.sentence_us:,.0f} µs |"
    worst = found.slowest[:5]
    yield f"\nHostile texts of 50,000 characters, per recogniser (goal: under 300 ms; {'met' if worst[0][1] < 300 else '**missed**'}); the slowest:\n"
    yield "| recogniser | ms | text |\n| --- | --- | --- |"
    yield from (f"| {kind} | {took:.0f} | {name} |" for kind, took, name in worst)


def size() -> Iterator[str]:
    """How much there is."""
    kinds = column_kinds()
    yield "\n## Size\n"
    yield (
        f"{len(recognisers().kinds)} kinds of values, {len(kinds)} kinds of columns, of which "
        f"{sum(kind.is_personal for kind in kinds.values())} are personal; lexicon of names: "
        + ", ".join(f"{count} {language}" for language, count in lexicon_size().items())
        + "."
    )


def table(tally: Tally, goal: float) -> Iterator[str]:
    """Recall and precision by kind; a kind below the goal stands out."""
    yield "| kind | values | recall | precision |\n| --- | --- | --- | --- |"
    low = tally.below(goal)
    for kind in tally.kinds():
        shown = f"**{kind}**" if kind in low else kind
        total = tally.hits[kind] + tally.misses[kind]
        yield f"| {shown} | {total} | {tally.recall(kind):.4f} | {tally.precision(kind):.4f} |"
    yield f"\nBelow {goal}: {', '.join(low) or 'none'}."


def brief(title: str, tally: Tally) -> str:
    """One row for a whole set."""
    hits, misses, alarms = sum(tally.hits.values()), sum(tally.misses.values()), sum(tally.alarms.values())
    low = ", ".join(tally.below(0.97)) or "none"
    return f"| {title} | {hits + misses} | {hits / (hits + misses):.4f} | {hits / (hits + alarms):.4f} | {low} |"


if __name__ == "__main__":
    main()
