"""A gate's report for people: what was decided, why, how sure, at what cost, and what would change it. No p-value on the first page.

HOLD. On 13 series face consistency changes by +0.04 (we are 90 % sure it lies between -0.01 and +0.09). Better in 8 series,
worse in 4, same in 1. To settle a gain of this size: about 31 more series. …
"""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree as ET

Json = dict[str, Any]
FEW = 8


def headline(report: Json) -> str:
    """Return the decision and the first primary metric in two to five sentences."""
    verdict = report["verdict"]
    return " ".join([f"{report['decision'].upper()}.", *sentences(report, verdict["checks"][0]), *_others(report), _fallen(report)]).strip()


def sentences(report: Json, check: Json) -> list[str]:
    """Return what one metric says, in plain words."""
    name = check["metric"].replace("_", " ")
    if check["gain"] is None:
        return [f"{name.capitalize()} was not measured in both arms."]
    units = _units(report)
    mean, lo, hi = change(check)
    sure = f"{1 - 2 * report['verdict']['level']:.1%}".replace(".0%", "%").replace("%", " %")
    said = [f"On {check['units']} {units} {name} changes by {mean} (we are {sure} sure that it lies between {lo} and {hi})."]
    n = check["by_unit"]
    said.append(f"Better in {n['better']} {units}, worse in {n['worse']}, same in {n['same']}.")
    if check["more_units"] and not check["passed"]:
        said.append(f"To settle a change of this size: about {check['more_units']} more {units}{_price(report, check)}.")
    return said


def change(check: Json) -> tuple[str, str, str]:
    """Return change, lower and upper end as measured (challenger minus champion), with signs; of spending as a share."""
    ends = [check["gain"], check["lo"], check["hi"]]
    if check["direction"] == "down":
        ends = [None if end is None else -end for end in (ends[0], ends[2], ends[1])]
    return tuple(_signed(end, ratio=check["scale"] == "ratio") for end in ends)  # type: ignore[return-value]


def margin(check: Json) -> str:
    """Return how much a guardrail allows."""
    if check["scale"] == "difference":
        return f"{-check['bound']:.3g}"
    return f"{abs(math.expm1(check['bound'] if check['direction'] == 'up' else -check['bound'])):.0%}".replace("%", " %")


def markdown(report: Json) -> str:
    """Return the whole report as Markdown."""
    lines = [
        f"# Gate: {_escaped(report['challenger']['ref'])} against {_escaped(report['champion']['ref'])}",
        "",
        f"**{_escaped(headline(report))}**",
        "",
    ]
    if report["simulated"]:
        lines += ["> **Simulated outputs.** This shows that the tool works, not that a prompt is better on a real model.", ""]
    lines += ["## Why", "", *(f"- {_escaped(reason)}" for reason in report["verdict"]["reasons"]), ""]
    lines += [
        "## What was measured",
        "",
        "| metric | role | change | between | allowed | better / worse / same | passed |",
        "|---|---|---:|---|---:|---|---|",
    ]
    lines += [_row(check) for check in report["verdict"]["checks"]]
    lines += [_hard_row(hard) for hard in report["verdict"]["hard"]]
    lines += ["", *_fallen_table(report), *_remarks(report), *_bound_to(report)]
    return "\n".join(lines) + "\n"


def junit(report: Json) -> str:
    """Return the verdict as JUnit XML: a test for each metric, and one for the decision."""
    verdict = report["verdict"]
    cases = [("decision", report["decision"] == "promote", " ".join(verdict["reasons"]))]
    cases += [(c["metric"], c["passed"], " ".join(sentences(report, c))) for c in verdict["checks"]]
    cases += [(h["metric"], h["passed"], f"{h['failures']} of {h['outputs']} failed, at most {h['upper']:.1%}") for h in verdict["hard"]]
    bad = sum(not passed for _, passed, _ in cases)
    skipped = report["decision"] == "insufficient"
    suite = ET.Element(
        "testsuite", name=f"gate {_printable(report['challenger']['ref'])}", tests=str(len(cases)),
        failures="0" if skipped else str(bad), skipped=str(bad) if skipped else "0", errors="0", timestamp=report["created_at"],
    )  # fmt: skip
    for name, passed, text in cases:
        case = ET.SubElement(suite, "testcase", classname=_printable(report["template"]), name=_printable(name))
        if not passed:
            ET.SubElement(case, "skipped" if skipped else "failure", message=_printable(text))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def remarks(report: Json) -> list[str]:
    """Return what a reader should know beside the verdict."""
    verdict, burnt = report["verdict"], report["burnt"]
    found = [f"Attempt {report['attempt']} on this suite: each p had to be below {verdict['level']:.4f}."]
    if report["look"]:
        found.append(f"Look {report['look']} of {verdict['looks']}.")
    if burnt:
        names = ", ".join(row["case_id"] for row in burnt[:FEW]) + (" …" if len(burnt) > FEW else "")
        found.append(
            f"{len(burnt)} gate cases are burnt for this version: it, or what it was made from, had been scored on them outside of a gate"
            f" ({names}). Its authors could have tuned it on them; take fresh cases."
        )
    return [*found, *verdict["notes"], *(f"{name} may not decide: {why}" for name, why in report["refused"].items())]


def _others(report: Json) -> list[str]:
    said = []
    for check in report["verdict"]["checks"][1:]:
        name = check["metric"].replace("_", " ").removesuffix(" usd").capitalize()
        if check["gain"] is None or check["role"] == "primary":
            continue
        said.append(f"{name}: {_beside(check)}.")
    return [*said, *(f"{h['metric'].capitalize()}: {_of(h)} outputs; it could be {h['upper']:.1%}." for h in report["verdict"]["hard"])]


def _beside(check: Json) -> str:
    """Return how a guardrail moved beside what it may lose, by the end of its interval that decides: a mean within proves nothing."""
    mean, lo, hi = change(check)
    up = check["direction"] == "up"
    lost, worst = ("loss", lo) if up else ("rise", hi)
    if not check["passed"]:
        return f"{mean}, and it could be {worst}; a {lost} of up to {margin(check)} is allowed"
    surely = "" if worst == mean else f", at worst {worst}"
    return f"{mean}{surely}; a {lost} of up to {margin(check)} would be allowed"


def _fallen(report: Json) -> str:
    cases = [row["case"] for row in report["verdict"]["fallen"]]
    if not cases:
        return ""
    shown = ", ".join(cases[:FEW]) + (f" and {len(cases) - FEW} more" if len(cases) > FEW else "")
    return f"{len(cases)} {'case' if len(cases) == 1 else 'cases'} fell clearly: {shown}."


def _price(report: Json, check: Json) -> str:
    columns = report["data"]["columns"]
    place = columns.index("cost_usd")
    costs = [row[place] for row in report["data"]["rows"]]
    if not check["units"] or not costs or any(cost is None for cost in costs) or not sum(costs):
        return ""
    return f", ${sum(costs) / check['units'] * check['more_units']:,.2f}"


def _row(check: Json) -> str:
    n = check["by_unit"]
    cells = [check["metric"], check["role"], "–", "–"]
    if check["gain"] is not None:
        mean, lo, hi = change(check)
        cells = [check["metric"], check["role"], mean, f"{lo} … {hi}"]
    allowed = margin(check) if check["role"] == "guardrail" else f"≥ {check['min_effect']:g}" if check["min_effect"] else "a gain"
    cells += [allowed, f"{n['better']} / {n['worse']} / {n['same']}", "yes" if check["passed"] else "**no**"]
    return "| " + " | ".join(_escaped(cell) if cell != "**no**" else cell for cell in cells) + " |"


def _hard_row(hard: Json) -> str:
    cells = [hard["metric"], "hard", _of(hard), f"up to {hard['upper']:.1%}", f"{hard['upper_limit']:.1%}", "–"]
    return "| " + " | ".join(map(_escaped, cells)) + f" | {'yes' if hard['passed'] else '**no**'} |"


def _of(hard: Json) -> str:
    return f"{hard['failures']} of {hard['outputs']}"


def _fallen_table(report: Json) -> list[str]:
    rows = report["verdict"]["fallen"]
    if not rows:
        return []
    lines = ["## Cases that clearly fell", "", "Look at them before you approve: a mean can rise while a few cases break.", ""]
    lines += ["| series | case | metric | champion | challenger | failed outputs |", "|---|---|---|---:|---:|---:|"]
    for r in rows:
        names = " | ".join(_escaped(r[key]) for key in ("series", "case", "metric"))
        lines.append(f"| {names} | {r['champion']:.3g} | {r['challenger']:.3g} | {r['failures']} |")
    return [*lines, ""]


def _remarks(report: Json) -> list[str]:
    return ["## To know", "", *(f"- {_escaped(text)}" for text in remarks(report)), ""]


def _bound_to(report: Json) -> list[str]:
    rows = bound_to(report)
    return ["## What it holds for", "", "| | |", "|---|---|", *(f"| {name} | `{_escaped(value)}` |" for name, value in rows)]


def bound_to(report: Json) -> list[tuple[str, str]]:
    """Return everything whose change makes the report void, by name."""
    return [
        ("challenger", report["challenger"]["version"]),
        ("champion", report["champion"]["version"]),
        ("suite", f"{report['suite']['name']} {report['suite']['hash']}"),
        ("policy", f"{report['policy']['name']} {report['policy']['hash']}"),
        ("code", f"{report['code']['version']} {report['code']['sha256']}"),
        ("judge", ", ".join(f"{name} {version}" for name, version in report["judge"].items())),
        ("provider", f"{report['provider']['name']} {', '.join(report['provider']['snapshots'])}".strip()),
        ("runs", ", ".join(e["run"] for e in report["evidence"])),
        ("made at", report["created_at"]),
    ]


def _units(report: Json) -> str:
    return "series" if report["policy"]["rule"]["unit"].startswith("series") else "cases"


def _signed(value: float | None, *, ratio: bool) -> str:
    if value is None:
        return "?"
    text = f"{100 * math.expm1(min(value, 700)):+.1f} %" if ratio else f"{value:+.3g}"
    return text.replace("-0.0 %", "0 %").replace("+0.0 %", "0 %").replace("-", "−")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _escaped(text: str) -> str:
    """Make text from outside plain in Markdown."""
    return _printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'").replace("](", "]\\(")
