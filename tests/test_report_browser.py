"""The report in a real browser: nothing runs that should not, nothing is asked for, everything can be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Page, browser, chromium
from tests.report_case import rendered

pytestmark = pytest.mark.skipif(chromium() is None, reason="there is no Chromium; FWF_CHROMIUM names one")
SET = "(() => {{ const f = document.getElementById('{}'); f.value = '{}'; f.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"  # noqa: E501
VISIBLE = "[...document.querySelectorAll('article.finding')].filter(e => e.offsetParent).length"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the case with hostile text."""
    path = tmp_path_factory.mktemp("page") / "r.html"
    path.write_text(rendered(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    """One page for all."""
    with browser() as opened:
        yield opened


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (420, True)])
def test_opens_quietly_and_fits(tab: Page, file: Path, width: int, dark: bool) -> None:
    """No word on the console, no request but for the file, no script of a log, nothing wider than the window."""
    tab.open(file, width=width, dark=dark)
    tab.ask(
        "(async () => { for (const f of document.querySelectorAll('figure')) { f.scrollIntoView();"
        " for (let i = 0; i < 400 && !(f.matches('.is-live') || f.querySelector('.is-live')); i++)"
        " await new Promise(r => setTimeout(r, 50)); } })()"
    )
    figures, live = (tab.ask(f"document.querySelectorAll('{s}').length") for s in ("figure", ".is-live"))
    assert tab.console == [] and tab.requests == [file.resolve().as_uri()]
    assert figures == live > 3 and tab.ask("document.querySelectorAll('[data-failed]').length") == 0
    assert tab.ask("document.title") == "Firewall forensics report"
    assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == (
        "rgb(15, 20, 27)" if dark else "rgb(244, 246, 249)"
    )


def test_filters_and_links_work(tab: Page, file: Path) -> None:
    """A filter hides pages and rows alike; a link into what is hidden clears it; Clear shows all."""
    tab.open(file)
    total = tab.ask(VISIBLE)
    tab.ask(SET.format("f-text", "example.com"))
    assert 0 < tab.ask(VISIBLE) < total
    assert tab.ask("document.querySelectorAll('[data-row]:not([hidden])').length") == tab.ask(VISIBLE)
    assert "of" in tab.ask("document.getElementById('f-count').textContent")
    hidden = tab.ask("document.querySelector('article[hidden]').id")
    tab.ask(f"location.hash = '#{hidden}'")
    tab.ask("new Promise(r => setTimeout(r, 300))")
    assert tab.ask(VISIBLE) == total
    assert abs(tab.ask(f"document.getElementById('{hidden}').getBoundingClientRect().top")) < 200
    tab.ask(SET.format("f-severity", "4"))
    assert tab.ask(VISIBLE) == 0 and tab.ask("!document.querySelector('.none-left').hidden")


def test_the_theme_can_be_switched_by_key(tab: Page, file: Path) -> None:
    """The button is reached by Tab, says what it does, and works with Enter."""
    tab.open(file)
    before = tab.ask("getComputedStyle(document.body).backgroundColor")
    tab.ask("document.getElementById('theme').focus()")
    assert tab.ask("document.activeElement.getAttribute('aria-label')") == "Switch to dark colours"
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert tab.ask("getComputedStyle(document.body).backgroundColor") != before


def test_says_the_same_without_scripts_and_in_print(tab: Page, file: Path, tmp_path: Path) -> None:
    """Drawings stand there, controls that would do nothing do not; it prints."""
    tab.open(file, scripts=False)
    document_ = tab.call("DOM.getDocument")["root"]["nodeId"]

    def count(selector: str) -> int:
        return len(tab.call("DOM.querySelectorAll", nodeId=document_, selector=selector)["nodeIds"])

    assert count("figure .static svg") == count("figure") > 3
    assert count(".filters[hidden]") == 1 and count("#theme[hidden]") == 1 and count("article[hidden]") == 0
    tab.pdf(tmp_path / "r.pdf")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_names_and_roles_are_there_for_a_screen_reader(tab: Page, file: Path) -> None:
    """Every control, drawing and region has a name in the accessibility tree; the matrix is a table with heads."""
    tab.open(file)
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    told = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n["ignored"]]
    named = ("button", "link", "searchbox", "combobox", "checkbox", "image", "region", "navigation", "heading")
    assert not [role for role, name in told if role in named and not name.strip()]
    roles = {role for role, _ in told}
    assert {"table", "rowheader", "columnheader", "searchbox", "image", "navigation", "main"} <= roles
