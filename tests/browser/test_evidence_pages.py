"""The evidence pages in a browser: narrow, wide, dark, printed, and with an accessibility checker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

PATHS = (
    "/evidence",
    "/evidence/guidelines",
    "/evidence/IND-1",
    "/evidence/IMG-1",
    "/evidence/CON-2",
    "/evidence/FAC-1",
)
WIDE, NARROW = 1280, 320


@contextmanager
def visited(browser: Browser, url: str, width: int, scheme: str = "light") -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == 200
    yield page
    context.close()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("path", PATHS)
def test_nothing_reaches_beyond_the_window(browser: Browser, service: str, path: str, width: int) -> None:
    with visited(browser, service + path, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.screenshot().startswith(b"\x89PNG")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_an_accessibility_checker_finds_nothing(
    browser: Browser, service: str, path: str, scheme: str
) -> None:
    with visited(browser, service + path, WIDE, scheme) as page:
        found = Axe().run(page).response["violations"]

        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []


def test_a_narrow_page_keeps_its_tables_accessible(browser: Browser, service: str) -> None:
    with visited(browser, f"{service}/evidence/CC-1", NARROW) as page:
        found = Axe().run(page).response["violations"]

        assert [fault["id"] for fault in found] == []
        assert page.get_by_role("table").count() >= 3
        assert page.get_by_role("rowheader", name="Days of care asked for").first.is_visible()


@pytest.mark.parametrize("path", PATHS)
def test_only_the_page_and_its_stylesheet_are_fetched_and_nothing_is_refused(
    browser: Browser, service: str, path: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    fetched: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("console", lambda message: said.append(message.text))

    page.goto(service + path)

    assert fetched == [service + path, f"{service}/evidence/page.css"]
    assert said == []
    assert page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute"
    context.close()


def test_the_first_tab_reaches_a_link_to_the_content(browser: Browser, service: str) -> None:
    with visited(browser, f"{service}/evidence/IND-1", WIDE) as page:
        page.keyboard.press("Tab")

        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        assert page.url.endswith("#content")


def test_a_page_can_be_printed(browser: Browser, service: str) -> None:
    with visited(browser, f"{service}/evidence/IND-1", WIDE, "dark") as page:
        printed = page.pdf(format="A4")
        page.emulate_media(media="print")

        assert printed.startswith(b"%PDF-")
        assert page.evaluate("getComputedStyle(document.querySelector('header nav')).display") == "none"
        assert page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(0, 0, 0)"


def test_the_links_of_the_index_can_be_followed(browser: Browser, service: str) -> None:
    with visited(browser, f"{service}/evidence", WIDE) as page:
        page.get_by_role("link", name="IND-1 Pain pattern").click()

        assert page.url == f"{service}/evidence/IND-1"
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="All criteria").click()
        assert page.url == f"{service}/evidence"
