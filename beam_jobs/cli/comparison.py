"""A comparison as people read it: who keeps what, the rules side by side, which fire together, what changes where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from beam_jobs.cli.measured import told_on
from beam_jobs.release.rules import bounds, condition, number

if TYPE_CHECKING:
    from rich.console import Console

    from beam_jobs.analysis.compare import Comparison, RuleCount
    from beam_jobs.analysis.measured import Measured
    from beam_jobs.recipe.profile import Profile, Rule

_MOST_TOGETHER = 12
_MOST_LANGUAGES = 12
_GAIN, _LOSS = "green", "red"


def print_comparison(found: Comparison, measured: Measured, console: Console) -> None:
    """All of it, to `console`."""
    console.print(
        Text.assemble(("A", "bold"), f" {_named(found.a)}   ", ("B", "bold"), f" {_named(found.b)}")
    )
    console.print(Text(f"on {told_on(measured)}", "dim"))
    if found.programs:
        console.print(Text(f"texts as left by {', '.join(found.programs)}", "dim"))
    for title, table in _tables(found):
        if table.row_count:
            console.print()
            console.print(Text(title, "bold"))
            console.print(table)
    for name, rows in found.samples.items():
        if rows:
            console.print()
            console.print(Text(f"Only {name[-1].upper()} keeps, for example", "bold"))
        for row in rows:
            console.print(_changed(row))


def _named(profile: Profile) -> str:
    return f"{profile.name} (version {profile.version}, {len(profile.rules)} rules)"


def _tables(found: Comparison) -> Iterator[tuple[str, Table]]:
    yield "Kept by", _sides(found)
    yield "Dropped by edit programs, whichever rules follow", _drops(found)
    yield "Removed by rule", _rules(found)
    yield (
        "Rules that fire together: of what the row removes, per cent that the column removes, too",
        _together(found),
    )
    languages = found.languages[:_MOST_LANGUAGES]
    more = len(found.languages) - len(languages)
    yield (
        "By language" + (f" (the {len(languages)} largest of {len(found.languages)})" if more else ""),
        _groups(languages, "language"),
    )
    short = found.domains_short_by_at_most
    yield (
        "By domain, most changes first" + (f" (up to {short:,} documents short)" if short else ""),
        _groups(found.domains, "domain"),
    )


def _table(*columns: str, wrapped: int = 0) -> Table:
    """Columns by title, those of numbers marked with `>`; the first `wrapped` after the first may be broken."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, title in enumerate(columns):
        numeric = title.startswith(">")
        fold = 0 < place <= wrapped
        table.add_column(
            title.removeprefix(">"), justify="right" if numeric else "left", no_wrap=not fold, overflow="fold"
        )
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _sides(found: Comparison) -> Table:
    table = _table("", ">documents", ">", ">tokens", ">")
    documents, tokens = sum(found.documents.values()), sum(found.tokens.values())
    labels = {"both": "A and B", "only_a": "only A", "only_b": "only B", "neither": "neither"}
    styles = {"only_a": _LOSS, "only_b": _GAIN}
    for side, label in labels.items():
        table.add_row(
            Text(label, styles.get(side, "")),
            f"{found.documents[side]:,}",
            _share(found.documents[side], documents),
            f"{found.tokens[side]:,}",
            _share(found.tokens[side], tokens),
        )
    for name in ("a", "b"):
        kept = found.documents["both"] + found.documents[f"only_{name}"]
        of_tokens = found.tokens["both"] + found.tokens[f"only_{name}"]
        row = (f"{kept:,}", _share(kept, documents), f"{of_tokens:,}", _share(of_tokens, tokens))
        table.add_row(f"{name.upper()} in all", *row, style="bold")
    return table


def _drops(found: Comparison) -> Table:
    table = _table("rule", "drops", ">documents", ">tokens", ">A wants", ">B wants", wrapped=1)
    for count in found.drops:
        numbers = (count.documents, count.tokens, count.a_would_keep, count.b_would_keep)
        table.add_row(count.reason, count.drops, *(f"{number:,}" for number in numbers))
    return table


def _rules(found: Comparison) -> Table:
    """One line a reason; two where the sides differ in what it keeps."""
    table = _table("rule", "keeps", ">A removes", ">alone", ">B removes", ">alone", wrapped=1)
    sides = [
        {rule.reason: (rule, count) for rule, count in zip(profile.rules, counts, strict=True)}
        for profile, counts in ((found.a, found.rules_a), (found.b, found.rules_b))
    ]
    for reason in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = (side.get(reason) for side in sides)
        numbers = [text for side in (a, b) for text in _removed(side)]
        table.add_row(reason, _keeps(a, b), *numbers)
    return table


def _removed(side: tuple[Rule, RuleCount] | None) -> tuple[str, str]:
    return (f"{side[1].rejected:,}", f"{side[1].alone:,}") if side else ("–", "–")


def _keeps(a: tuple[Rule, RuleCount] | None, b: tuple[Rule, RuleCount] | None) -> Text:
    if a is None or b is None:
        return Text(" ".join(condition(side[0].record()) for side in (a, b) if side))
    if a[0].record() == b[0].record():
        return Text(condition(a[0].record()))
    if a[0].signal is not None and a[0].signal == b[0].signal:
        return Text(f"A {bounds(a[0].record())}\nB {bounds(b[0].record())}", "yellow")
    return Text(f"A {condition(a[0].record())}\nB {condition(b[0].record())}", "yellow")


def _together(found: Comparison) -> Table:
    """The rules that remove most, against each other; a rule that both sides have in the same form stands once."""
    rules = [*found.a.rules, *found.b.rules]
    counts = [*found.rules_a, *found.rules_b]
    distinct = {str(rule.record()): place for place, rule in reversed(list(enumerate(rules)))}
    places = sorted(distinct.values(), key=lambda place: (-counts[place].rejected, place))
    places = [place for place in places if counts[place].rejected][:_MOST_TOGETHER]
    table = _table("", *(f">{number}" for number in range(1, len(places) + 1)))
    for row, place in enumerate(places):
        cells = [
            _cell(found.overlap[place][other], counts[place].rejected, place == other) for other in places
        ]
        mark = "A" if place < len(found.a.rules) else "B"
        table.add_row(f"{row + 1:2} {mark} {rules[place].reason}", *cells)
    return table if len(places) > 1 else _table("")


def _cell(both: int, of: int, same: bool) -> Text:
    if same:
        return Text("·", "dim")
    share = 100 * both / of
    style = "bold red" if share >= 75 else "yellow" if share >= 25 else "" if share >= 1 else "dim"
    return Text(f"{share:.0f}", style)


def _groups(rows: Sequence[Mapping[str, Any]], key: str) -> Table:
    table = _table(key, ">documents", ">A keeps", ">B keeps", ">changed", ">tokens A", ">tokens B", ">B to A")
    for row in rows:
        ratio = f"{row['tokens_b'] / row['tokens_a']:.2f}" if row["tokens_a"] else "–"
        table.add_row(
            row[key] or "(none)",
            f"{row['documents']:,}",
            _share(row["kept_a"], row["documents"]),
            _share(row["kept_b"], row["documents"]),
            f"{row['changed']:,}",
            f"{row['tokens_a']:,}",
            f"{row['tokens_b']:,}",
            ratio,
        )
    return table


def _changed(row: Mapping[str, Any]) -> Text:
    measured = ""
    if row["value"] is not None:
        side = (
            "at"
            if row["value"] == row["threshold"]
            else "below"
            if row["value"] < row["threshold"]
            else "above"
        )
        measured = f": {row['signal']} is {number(row['value'])}, {side} {number(row['threshold'])}"
    others = f" and {len(row['reasons']) - 1} more" if len(row["reasons"]) > 1 else ""
    return Text.assemble(
        f"  {row['url']}\n",
        (f"    {row['doc_id']} ({row['language'] or 'no language'}) ", "dim"),
        (str(row["reason"]), "yellow"),
        f"{measured}{others}",
    )
