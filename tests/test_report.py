"""The report: what it says, that it asks nobody for anything, and that what an attacker wrote is shown and not run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fwforensics import open_case, queries
from fwforensics.analysis.around import RunTimes, around
from fwforensics.cli.report import report as command
from fwforensics.errors import UsageError
from fwforensics.report import charts, document, drawing, findings, markdown, pages, verify
from fwforensics.report.build import Options, build
from fwforensics.report.model import Lanes, Report, Run, as_plain
from fwforensics.store import Case
from fwforensics.text import CONTROLS, label, visible
from tests.report_case import AT, HOSTILE, LONG, RUNS, hunted, rendered, reported
from tests.support import fwf

VOID = {"meta", "link", "img", "input", "br", "hr", "path", "rect", "line", "circle"}


@pytest.fixture(scope="module")
def case() -> Path:
    """The case with hostile text."""
    return hunted()


@pytest.fixture(scope="module")
def report() -> Report:
    """Its report."""
    return reported()


@pytest.fixture(scope="module")
def html() -> str:
    """Its page."""
    return rendered()


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    """The page as a browser reads it."""
    found = Page()
    found.feed(html)
    return found


class Page(HTMLParser):
    """Elements with their attributes, and the text that is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.shown: list[str] = []
        self.code: dict[str, list[str]] = {"script": [], "style": []}
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an empty element."""
        self.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Elements are closed in order."""
        assert self.open.pop() == tag, f"</{tag}> closes something else, at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        """Code apart from what is shown."""
        inside = self.open[-1] if self.open else ""
        self.code.get(inside, self.shown).append(data)

    def all(self, name: str) -> Iterator[dict[str, str]]:
        """Attributes of all elements of a name."""
        return (attrs for tag, attrs in self.elements if tag == name)


def test_the_answer_comes_first(report: Report) -> None:
    """Recurrence with its denominator, what it coincides with, how sure, and what nobody could see."""
    summary = report.summary
    assert summary.headline.startswith("2 of 4 patterns of violations recur")
    assert "Only 3 of 4 runs could be observed." in summary.headline
    first = summary.sentences[0]
    assert "3333/tcp to example.com" in first.text and "occurred in 3 of 3 observed runs" in first.text
    assert "since 2 March 2026, 06:" in first.text and "calls of “bash: miner”" in first.text
    assert first.how_sure == "Grade A. 95 % interval of the share of runs: 29 % to 100 % (3 observed)."
    assert all(s.finding and s.how_sure for s in summary.sentences)
    told = " ".join(summary.unknown)
    assert "1 run was not observed by any sensor (run-4 was not observed)" in told
    assert "gpu-mining" in told and "no all-clear" in told
    assert "The safelist hides 11 violations" in told


def test_hit_clean_and_not_observed_are_three_states(report: Report) -> None:
    """A run that nobody saw is no clean one."""
    rows = {p.name: [c.state for c in p.cells] for p in report.presence}
    assert rows["Mining: 3333/tcp to example.com"] == ["hit", "hit", "hit", "not observed"]
    assert rows["Mining: 4444/tcp to 192.0.2.0/24"] == ["hit", "clean", "clean", "not observed"]


def test_holes_in_the_log_are_gaps_of_the_run(report: Report) -> None:
    """The hole of the second run, the whole of the fourth, nothing of the others."""
    gaps = [[(round(a / 60), round(b / 60)) for a, b in run.gaps] for run in report.runs]
    assert gaps == [[], [(90, 150)], [], [(0, 240)]]


def test_a_page_holds_what_it_rests_on(report: Report) -> None:
    """Statistics, plots, calls, ends, raw lines with source and hash, false positives, next steps, techniques."""
    mined = next(f for f in report.findings if f.name.endswith("example.com"))
    assert mined.around and mined.around["subject"] == "bash: miner"
    at = mined.around["delays"].index(0.0)
    assert mined.around["pairs"][at] > 10 * max(1.0, mined.around["high"][at])
    assert sum(n for _, n in mined.intervals) > 20
    assert mined.candidates[0]["command"].startswith("miner -o pool.example.com")
    assert mined.ends[0]["ip"] == "198.51.100.66" and mined.ends[0]["names"] == ["pool.example.com"]
    assert {line.run_id for line in mined.lines} == set(RUNS[:3])
    assert all(len(line.sha256) == 64 and '"198.51.100.66"' in line.raw for line in mined.lines)
    assert mined.false_positives and mined.next_steps and mined.techniques[0]["id"] == "T1496.001"
    assert mined.facts["n_tests"] == 4 and str(mined.facts["seed"]).isdigit()


def test_calls_of_a_subject_are_those_that_were_tested(report: Report) -> None:
    """The page classes commands as the statistics do: it finds the calls that a test counted."""
    tested = [f for f in report.findings if f.facts["coincident_k"]]
    assert tested
    assert all(f.around is None or f.around["n_calls"] > 0 for f in tested)
    assert any(f.around for f in tested)


def test_what_was_not_seen_is_told(report: Report) -> None:
    """The gap with the run that it touches, and the safelist's reason."""
    assert any(g["what"] == "gap" and RUNS[1] in g["runs_touched"] for g in report.unseen.gaps)
    (entry,) = report.unseen.safelist
    assert entry["reason"] == f"known {HOSTILE}" and entry["violations"] == 11 and entry["owner"] == "ops"


def test_the_page_asks_nobody_for_anything(page: Page) -> None:
    """No source, frame, form target or style from elsewhere; links lead out only to descriptions of techniques."""
    assert not {tag for tag, _ in page.elements} & {
        "iframe",
        "object",
        "embed",
        "base",
        "audio",
        "video",
        "img",
        "image",
    }
    for tag, attrs in page.elements:
        assert not {"src", "srcset", "action", "data", "poster", "xlink:href"} & set(attrs), (tag, attrs)
        assert not [a for a in attrs if a.startswith("on") or a == "style"], (tag, attrs)
        if "href" in attrs:
            assert re.match(r"#|data:,$|https://attack\.mitre\.org/techniques/T[\d/]+$", attrs["href"]), attrs
    assert not re.search(r"url\(\s*['\"]?(?!#)|@import", "".join(page.code["style"]))


def test_only_what_the_policy_names_may_run(page: Page, html: str) -> None:
    """The hashes in the policy are those of the two scripts and the one style sheet."""
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    programs = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    named = [*programs, *re.findall(r"<style>(.*?)</style>", html, re.DOTALL)]
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in named}
    assert len(programs) == 2 and set(re.findall(r"'sha256-([^']+)'", policy)) == digests
    assert len(list(page.all("script"))) == 4 and page.open == []


def test_hostile_text_is_shown_and_not_run(page: Page, html: str) -> None:
    """Markup is text; escapes and direction marks are written out; what is code comes from us."""
    shown = "".join(page.shown)
    assert visible(HOSTILE) in shown
    assert "onerror=document.title" in shown and "<img src=x" not in html
    assert not CONTROLS.search(html)
    assert "owned" not in "".join(c for c in page.code["script"] if "vegaEmbed" in c)
    data = [c for c in page.code["script"] if c.startswith("{")]
    assert len(data) == 2 and all(isinstance(json.loads(c), dict) for c in data)


def test_a_field_of_a_megabyte_is_cut_and_says_so(report: Report, html: str) -> None:
    """The line is there with its length, and the page stays small."""
    line = next(n for f in report.findings for n in f.lines if n.raw_length > LONG)
    assert len(line.raw) < 2000 and f"of {line.raw_length:,} characters" in html
    assert len(html) < 2_000_000


def test_headings_labels_and_links_hold(page: Page) -> None:
    """One h1, no level left out, ids once, links that lead somewhere, names on what has no text, heads on columns."""
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    inner = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert inner <= set(ids), inner - set(ids)
    assert all(attrs.get("aria-label") for _, attrs in page.elements if attrs.get("role") in ("img", "region"))
    assert all(th.get("scope") for th in page.all("th"))
    assert next(page.all("html"))["lang"] == "en"


def test_contrast_is_enough_in_both_lights() -> None:
    """Text at 4.5 and marks at 3 against everything that they stand on."""
    for colours in (pages.LIGHT, pages.DARK):
        for ground in ("paper", "page", "soft"):
            for text in ("ink", "muted", "accent", "mining", "probe", "tunnel"):
                assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
            for mark in charts.CATEGORIES:
                assert _contrast(colours[mark], colours[ground]) >= 3, (mark, ground)
        assert _contrast(colours["paper"], colours["ink"]) >= 4.5
        assert _contrast(colours["ink"], colours["band"]) >= 4.5


def _contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_same_case_gives_the_same_bytes(case: Path, html: str) -> None:
    """In a report of its own; only `--at` differs."""
    with Case(case, read_only=True) as opened:
        again = build(opened, Options(at=AT))
        unsaid = build(opened)
    assert pages.render(again, document.claims(again)) == html
    assert as_plain(unsaid)["findings"] == as_plain(again)["findings"]
    assert unsaid.as_of > again.as_of


def test_json_is_the_document(report: Report) -> None:
    """Every part of the model, in ASCII, and the claims."""
    text = document.render(report, document.claims(report))
    read = json.loads(text)
    assert text.isascii() and {k: v for k, v in read.items() if k != "claims"} == as_plain(report)
    assert read["claims"]["findings"].keys() == {f.finding for f in report.findings}


def test_markdown_holds_no_markup_of_others(report: Report) -> None:
    """Outside of code nothing of a log is markup or link; its charts are drawn in plain colours."""
    text, drawn = markdown.render(report, document.claims(report), "r.charts")
    assert not CONTROLS.search(text)
    outside = re.sub(
        r"^(`{3,})text\n.*?^\1$|(?<![\\`])(`+)(?!`).+?(?<!`)\2(?!`)", "", text, flags=re.DOTALL | re.MULTILINE
    )
    outside = outside.replace(document.IN_MARKDOWN.search(outside)[0], "")  # type: ignore[index]
    assert "<" not in outside and "](http" not in outside.replace("](https://attack.mitre.org/", "")
    images = re.findall(r"!\[[^\]]*\]\(r\.charts/([^)]+)\)", text)
    assert images and set(images) == set(drawn)
    assert all("var(" not in svg and "<script" not in svg for svg in drawn.values())


def test_charts_take_no_text_that_stops_the_renderer() -> None:
    """Names of runs with controls, markup and what XML forbids are drawn as text; equal beginnings stay apart."""
    names = [f"\x1b[31m\x00<script>&\ufffe\U0001ffff{HOSTILE} {n}" for n in range(2)]
    runs = [
        Run(run_id=n, started_at=AT, ended_at=None, seconds=60, observed_share=1, tool_calls=0, sensors=[], gaps=[])
        for n in names
    ]
    spec = charts.lanes(Lanes(runs=names, cell_s=1, bouts=[], calls=[]), runs)
    assert spec
    drawn = drawing.svg(spec, "lanes")
    assert "&lt;script&gt;" in drawn and "(1)" in drawn and "(2)" in drawn
    assert label("a\nb\x1b\ufffe") == "a\\nb\\x1b?"


def test_lanes_stay_small_however_many_runs_and_bouts(report: Report) -> None:
    """Cells of all lanes are bounded: there are never more of them than marks that a chart holds."""
    longest = max(r.seconds for r in report.runs)
    assert report.lanes.cell_s == pytest.approx(longest / (4000 // (8 * 4)), rel=0.01)
    assert all(0 <= b["at_s"] <= longest for b in report.lanes.bouts)


def test_no_findings_are_no_all_clear(tmp_path: Path) -> None:
    """A case without violations and without runs gives a report that says what it does not know."""
    with open_case(tmp_path / "case.duckdb", create=True) as empty:
        with pytest.raises(UsageError):
            build(empty)
        empty.execute(
            "INSERT INTO hunts VALUES (1, ?, 'full', '{}', '{\"detections\": {\"beacon\": \"1\"}}', 'f')", [AT]
        )
        empty.execute("INSERT INTO evaluability VALUES ('beacon', NULL, 'not evaluable', 'events.ts')")
        made = build(empty, Options(at=AT))
    page = pages.render(made, document.claims(made))
    assert made.summary.headline.startswith("No violation was found in 0 observed runs")
    assert "No run is known" in page and "could not be evaluated at all" in page


def test_verify_finds_nothing_in_what_is_as_it_was(case: Path, report: Report) -> None:
    """Evidence, a new hunt in a copy, and the report agree, to the last statistic."""
    assert list(verify.differences(case, document.claims(report))) == []


def test_verify_names_what_differs(case: Path, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed source, a changed number in the report, and a finding that was taken out of it."""
    monkeypatch.setattr(verify, "_hunt", lambda _case: iter(()))
    said = json.loads(json.dumps(document.claims(report)))
    gone, changed = sorted(said["findings"])[:2]
    del said["findings"][gone]
    said["findings"][changed]["runs_hit"] += 1
    log = case.with_name("fw.jsonl")
    kept = log.read_bytes()
    log.write_bytes(kept.replace(b"198.51.100.66", b"198.51.100.67", 1))
    try:
        found = {(d.part, d.subject) for d in verify.differences(case, said)}
        with Case(case, read_only=True) as opened:
            doubtful = build(opened, Options(at=AT))
    finally:
        log.write_bytes(kept)
    assert ("evidence", f"source 1: {log}") in found
    assert ("finding", gone) in found and ("finding", f"{changed} runs_hit") in found
    assert all(f.lines_error and not f.lines for f in doubtful.findings)


def test_command_writes_and_refuses(case: Path, tmp_path: Path) -> None:
    """A JSON report that is whole; an unknown ending and a file that is there are usage errors."""
    target = tmp_path / "incident.json"
    done = fwf("report", "-o", target, "--case", case, "--at", "2026-03-09T12:00:00Z", "--title", "T")
    assert done.returncode == 0 and done.stdout == b"", done.stderr.decode()
    read = json.loads(target.read_text())
    assert read["title"] == "T" and read["as_of"] == "2026-03-09T12:00:00Z"
    for refused in (target, tmp_path / "incident.docx", None):
        with pytest.raises(UsageError):
            command(refused, case)


def test_claims_are_read_from_every_form(report: Report, html: str, tmp_path: Path) -> None:
    """What was claimed comes back from HTML and Markdown, too."""
    claimed = json.loads(json.dumps(document.claims(report)))
    (tmp_path / "r.html").write_text(html, encoding="utf-8")
    (tmp_path / "r.md").write_text(markdown.render(report, claimed, "r.charts")[0], encoding="utf-8")
    assert document.claims_of(tmp_path / "r.html") == claimed == document.claims_of(tmp_path / "r.md")


def test_every_technique_has_a_name() -> None:
    """What a detection names is described."""
    used = {t for q in queries.library().values() if q.kind == "detection" for t in q.technique}
    assert not [t for t in used if not findings.techniques(t)[0]["name"]]


def test_bouts_around_calls_leave_the_band_only_where_they_follow() -> None:
    """Bouts 2 s after calls stand out at 0; those that know nothing of calls stay in the band."""
    rng = np.random.default_rng(7)
    runs = [(1000.0 * n, np.sort(rng.uniform(0, 20_000, 80))) for n in range(5)]
    after = around((RunTimes(low, low + 20_000, low + c, low + c + 2) for low, c in runs), rng)
    apart = around((RunTimes(low, low + 20_000, low + c, low + rng.uniform(0, 20_000, 80)) for low, c in runs), rng)
    assert after and apart
    at = after.delays.index(0.0)
    assert after.pairs[at] > 5 * after.high[at]
    outside = sum(not low <= n <= high for n, low, high in zip(apart.pairs, apart.low, apart.high, strict=True))
    assert outside <= 6
    assert around([], rng) is None and after.n_bouts == 400
