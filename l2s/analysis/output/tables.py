"""The main table for a paper: Markdown and LaTeX, every number with its interval."""

from collections.abc import Callable, Sequence

from l2s.core.row import Row
from l2s.core.shown import given_text, plain_name
from l2s.core.summary import longer_than_slow, rows_of, sorted_rows

HEADINGS = ("Model", "n", "Accuracy, %", "Tokens", "Reduction, %", "Difference, points", "Truncated, %", "Verdict")
SAMPLED = (
    "Model, sampled", "Temperature", "Accuracy without, %", "Accuracy, %", "Difference, points", "Tokens without",
    "Tokens", "Against slow sampled, points", "Verdict",
)  # fmt: skip
_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def markdown_table(summary: Row) -> str:
    """One table per reported benchmark."""
    lines = []
    for benchmark in summary["benchmarks"]:
        rows = [_cells(row, summary) for row in sorted_rows(summary, benchmark)]
        lines += [f"### {_escaped(plain_name(benchmark))}", "", *_lines(HEADINGS, rows), ""]
        lines += [caption(summary, benchmark), ""]
        if sampled := rows_of(summary, "sampled", benchmark):
            lines += [*_lines(SAMPLED, [_sampled_cells(row) for row in sampled]), ""]
    return "\n".join(lines) or "Nothing is reported.\n"


def latex_table(summary: Row) -> str:
    """One ``table`` per reported benchmark, for the packages booktabs and (wide tables) none other."""
    lines = []
    for benchmark in summary["benchmarks"]:
        head, *body = (
            " & ".join(map(_tex, cells)) + r" \\"
            for cells in (HEADINGS, *(_cells(row, summary) for row in sorted_rows(summary, benchmark)))
        )
        lines += [
            r"\begin{table}",
            r"\centering\small",
            rf"\caption{{{_tex(plain_name(benchmark))}. {_tex(caption(summary, benchmark))}}}",
            r"\begin{tabular}{lrrrrrrl}",
            *(r"\toprule", head, r"\midrule", *body, r"\bottomrule"),
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    return "% needs \\usepackage{booktabs}\n" + "\n".join(lines)


def caption(summary: Row, benchmark: str) -> str:
    """What the numbers are, and against what the verdicts stand."""
    settings = summary["settings"]
    words = f"Brackets: {100 * settings['confidence']:g} % intervals."
    if any(row["verdict"] == "baseline" for row in summary["rows"]):
        words += (
            f" Reduction and difference are paired, against the slow model; parity: the difference's lower end lies "
            f"above −{100 * settings['margin']:g} points; better and worse: Holm's p below "
            f"{1 - settings['confidence']:.2g}."
        )
    if summary["chosen"]["run"]:
        words += f" *: chosen on {plain_name(settings['validation'])}. {longer_than_slow(summary, benchmark)}"
    return words.rstrip()


def verdict_text(row: Row) -> str:
    """The verdict; where it is open, the smallest difference that so many problems would have shown."""
    if row["verdict"] == "undecided" and row.get("minimum_detectable") is not None:
        return f"undecided (detects {100 * row['minimum_detectable']:.1f})"
    return "–" if row.get("difference") is None and row["verdict"] == "undecided" else str(row["verdict"])


def with_interval(row: Row, name: str, scale: float, digits: int, show: Callable[[float, int], str]) -> str:
    """``98.4 [96.9, 99.2]``; a dash for what is not known."""
    if row.get(name) is None:
        return "–"
    value = show(scale * row[name], digits)
    if row.get(f"{name}_low") is None:
        return value
    return f"{value} [{show(scale * row[f'{name}_low'], digits)}, {show(scale * row[f'{name}_high'], digits)}]"


def signed(number: float, digits: int) -> str:
    """A number with its sign, a true minus, and no minus before a zero."""
    return f"{round(number, digits) + 0.0:+.{digits}f}".replace("-", "−")


def unsigned(number: float, digits: int) -> str:
    """A true minus where it is below zero."""
    return f"{round(number, digits) + 0.0:.{digits}f}".replace("-", "−")


def _sampled_cells(row: Row) -> list[str]:
    return [
        plain_name(row["run"]),
        "–" if row["temperature"] is None else given_text(row["temperature"]),
        with_interval(row, "accuracy_beside", 100, 1, unsigned),
        with_interval(row, "accuracy", 100, 1, unsigned),
        with_interval(row, "difference", 100, 1, signed),
        with_interval(row, "tokens_beside", 1, 1, unsigned),
        with_interval(row, "tokens", 1, 1, unsigned),
        with_interval(row, "difference_sampled", 100, 1, signed),
        row["verdict"] or "–",
    ]


def _cells(row: Row, summary: Row) -> list[str]:
    star = "*" if row["run"] == summary["chosen"]["run"] else ""
    baseline = row["verdict"] == "baseline"
    return [
        plain_name(row["run"]) + star,
        str(row["n"]),
        with_interval(row, "accuracy", 100, 1, unsigned),
        with_interval(row, "tokens", 1, 1, unsigned),
        "–" if baseline else with_interval(row, "reduction", 100, 1, unsigned),
        "–" if baseline else with_interval(row, "difference", 100, 1, signed),
        unsigned(100 * row["truncated"], 1),
        verdict_text(row),
    ]


def _lines(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown: names at the left, numbers at the right."""
    head, *body = ("| " + " | ".join(cells) + " |" for cells in (headings, *(map(_escaped, row) for row in rows)))
    return [head, "|:--|" + "--:|" * (len(headings) - 2) + ":--|", *body]


def _escaped(text: str) -> str:
    """Markdown that shows a name as it is."""
    return "".join(f"\\{c}" if c in "\\|*_`<>[]#" and not (c in "[]" and " [" in text) else c for c in text)


def _tex(text: str) -> str:
    escaped = "".join(_TEX.get(character, character) for character in text)
    return escaped.replace("−", "$-$").replace("–", "--")
