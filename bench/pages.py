"""Count the clicks that ten tasks take on the pages, and look for faults of accessibility, in a real browser.

    newswire demo && NEWSWIRE_HOME=var/demo NEWSWIRE_API_KEY=KEY newswire serve
    python -m bench.pages --key KEY [--pictures FOLDER]

It needs Chromium and the group ``browser`` (``uv pip install --group browser``). Each task is done as one would who has
never seen the pages: from the search page on, by what can be read there; what is typed in and sent counts as one
click. All are done with scripts and without. Then axe-core looks at every kind of page, wide, narrow and dark; a page
that must be moved sideways in a narrow window is a fault too. With ``--pictures``, what was looked at is kept.

Targets: no task takes more than five clicks; axe-core finds nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

_MOST_CLICKS = 5
_SECONDS = 20.0  # for a page to be there, on a machine that is busy
_WIDE, _NARROW = {"width": 1280, "height": 900}, {"width": 375, "height": 812}


class Visitor:
    """Somebody who looks at the pages in a browser; what he does there is counted."""

    def __init__(self, page: Page, address: str, key: str) -> None:
        self.page = page
        self.key = key
        self.clicks = 0
        page.goto(address)

    def click(self, link: Locator) -> None:
        """Click the first that fits; it must be visible."""
        link.first.click()
        self.clicks += 1

    def follow(self, words: str) -> None:
        """Click the link whose words these are, or begin so."""
        self.click(self.page.get_by_role("link", name=re.compile(words)))

    def send(self, field: str, text: str) -> None:
        """Type a text into a field and send it."""
        self.page.get_by_label(field, exact=True).first.fill(text)
        self.page.get_by_label(field, exact=True).first.press("Enter")
        self.clicks += 1

    def sees(self, words: str) -> None:
        """Wait until the page says this."""
        expect(self.page.locator("main")).to_contain_text(re.compile(words))


def find_who_was_first(visitor: Visitor) -> None:
    """Who printed it first?"""
    visitor.send("Search", "ice Antarctica")
    visitor.follow(r"\d+ copies in")
    visitor.sees(r"first in\s+\w+")


def find_who_is_still_wrong(visitor: Visitor) -> None:
    """Which outlets still carry the error?"""
    visitor.follow("^Corrections$")
    if not visitor.page.locator(".change").count():
        visitor.follow("^last month$")
    visitor.sees(r"outlets? still ha(s|ve) it as it stood")


def count_names_by_month(visitor: Visitor) -> None:
    """How often was she named in this month?"""
    visitor.send("Search", 'organisations:"Islamic State"')
    visitor.click(visitor.page.locator(".how summary"))
    visitor.follow("^month$")
    visitor.click(visitor.page.locator(".how tbody a"))
    visitor.sees(r"\d+ results?")


def export_results(visitor: Visitor) -> None:
    """Give me all of it as a table."""
    visitor.send("Search", "flood")
    with visitor.page.expect_download() as download:
        visitor.follow("^CSV$")
    if "title" not in Path(download.value.path()).read_text(encoding="utf-8").partition("\n")[0]:
        raise AssertionError("what was exported is no table with titles")


def be_told_of_more(visitor: Visitor) -> None:
    """Tell me of more."""
    visitor.send("Search", "flood dam")
    visitor.follow("^Save this search$")
    visitor.page.get_by_label("Your name").fill("Ana")
    visitor.send("Key", visitor.key)
    visitor.page.get_by_label("Name", exact=True).fill(f"flood dam {visitor.page.evaluate('performance.now()')}")
    visitor.click(visitor.page.get_by_role("button", name="Save it"))
    visitor.sees("Follow it")
    visitor.page.get_by_text("Remove it").click()  # what was tried leaves nothing behind
    visitor.page.get_by_role("button", name=re.compile("^Remove")).click()


def compare_copies(visitor: Visitor) -> None:
    """What does a copy have that the original hasn't?"""
    visitor.send("Search", "ice Antarctica")
    visitor.follow(r"\d+ copies in")
    visitor.follow("^compare with the original$")
    visitor.sees("only in the second")


def see_what_changed(visitor: Visitor) -> None:
    """What was changed in this article?"""
    visitor.follow("^Corrections$")
    if not visitor.page.locator(".change").count():
        visitor.follow("^last month$")
    visitor.click(visitor.page.locator(".change h2 a"))
    visitor.follow(r"^version \d+$")
    visitor.sees(r"\+\d+ −\d+ words")


def find_growing_stories(visitor: Visitor) -> None:
    """Which stories are growing now?"""
    visitor.follow("^Stories$")
    visitor.sees(r"in the last (six|24) hours")


def find_gaps(visitor: Visitor) -> None:
    """What did I miss of this outlet?"""
    visitor.follow("^Sources$")
    visitor.follow("^Northwire$")
    visitor.sees("What its feeds failed to show")


def leave_an_outlet_out(visitor: Visitor) -> None:
    """The same without this outlet."""
    visitor.send("Search", "flood")
    visitor.follow("^without Northwire$")
    visitor.sees(r"outlets without\s+Northwire")


_TASKS: tuple[Callable[[Visitor], None], ...] = (
    find_who_was_first,
    find_who_is_still_wrong,
    count_names_by_month,
    export_results,
    be_told_of_more,
    compare_copies,
    see_what_changed,
    find_growing_stories,
    find_gaps,
    leave_an_outlet_out,
)


class Fault(NamedTuple):
    """Something on a page that some people can't use."""

    page: str
    mode: str
    what: str


def main() -> int:
    """Do the tasks and look at the pages; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the pages are")
    parser.add_argument("--key", required=True, help="a key that allows to decide")
    parser.add_argument("--browser", default="/usr/bin/chromium", help="the program")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of the pages")
    options = parser.parse_args()
    expect.set_options(timeout=_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        longest = max(_count_clicks(browser, options.url, options.key, scripts=scripts) for scripts in (True, False))
        faults = list(_find_faults(browser, options.url, options.key, options.pictures))
        browser.close()
    for fault in faults:
        print(f"{fault.page} ({fault.mode}): {fault.what}")
    print(f"{longest} clicks at most (target: {_MOST_CLICKS}); {len(faults)} faults of accessibility (target: 0)")
    return int(longest > _MOST_CLICKS or bool(faults))


def _count_clicks(browser: Browser, address: str, key: str, *, scripts: bool) -> int:
    """Do all tasks, print how many clicks each took, and return the most."""
    longest = 0
    for task in _TASKS:
        context = browser.new_context(java_script_enabled=scripts, viewport=_WIDE)
        context.set_default_timeout(_SECONDS * 1000)
        visitor = Visitor(context.new_page(), address, key)
        task(visitor)
        longest = max(longest, visitor.clicks)
        print(f"{visitor.clicks} clicks{'' if scripts else ' without scripts'}: {task.__doc__}")
        context.close()
    return longest


def _find_faults(browser: Browser, address: str, key: str, pictures: Path | None) -> Iterator[Fault]:
    axe = Axe()
    modes = {"wide": (_WIDE, "light"), "narrow": (_NARROW, "light"), "dark": (_WIDE, "dark")}
    paths: list[str] = []
    for mode, (viewport, scheme) in modes.items():
        context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
        context.set_default_timeout(_SECONDS * 1000)
        page = context.new_page()
        _log_in(page, address, key)
        paths = paths or list(_list_paths(page, address))
        for path in paths:
            page.goto(address + path)
            for violation in axe.run(page).response["violations"]:
                where = violation["nodes"][0]["html"][:120]
                yield Fault(path, mode, f"{violation['id']}: {violation['help']}: {where}")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                yield Fault(path, mode, "it must be moved sideways")
            if pictures:
                pictures.mkdir(parents=True, exist_ok=True)
                name = re.sub(r"\W+", "_", path).strip("_")[:40] or "search"
                page.screenshot(path=pictures / f"{name}_{mode}.png", full_page=True)
        context.close()


def _log_in(page: Page, address: str, key: str) -> None:
    page.goto(f"{address}/login")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/decisions")


def _list_paths(page: Page, address: str) -> Iterator[str]:
    """Yield a path of every kind of page; ids are read from the pages."""

    def first(path: str, links: str) -> str:
        page.goto(address + path)
        return str(page.locator(links).first.get_attribute("href"))

    yield from ("/", "/?q=flood+dam+OR+river&by=source&share=true&copies=all", "/?q=xyzzy", "/?q=(", "/facets/people")
    article = first("/?q=ice+Antarctica", ".hits h2 a")
    copies = first("/?q=ice+Antarctica", 'a[href^="/copies/"]')
    story, entity = first("/stories", ".lines h3 a"), first("/entities", "tbody th a")
    changed = first("/corrections?days=31", ".change h2 a")
    yield from (article, f"{changed}/versions", copies, first(copies, 'a[href^="/compare"]'))
    yield from ("/stories", story, "/entities", entity, "/corrections?days=31", "/decisions", "/login")
    yield from (f"/edit{article.partition('?')[0]}", f"/edit{story}", f"/edit{entity}")
    yield from ("/searches", "/searches/new?q=flood&source=Northwire&exclude=language:de", *_saved(page, address))
    yield from ("/sources", first("/sources", "tbody th a"), "/operations", "/runs", first("/runs", "tbody th a"))
    yield from ("/replays", "/explain", f"/explain/{changed.rpartition('/')[2]}", "/articles/none")


def _saved(page: Page, address: str) -> tuple[str, ...]:
    """Return the paths of a saved search and its form, where there is one."""
    page.goto(f"{address}/searches")
    links = page.locator("tbody th a")
    place = links.first.get_attribute("href") if links.count() else None
    return (place, f"{place}/edit") if place else ()


if __name__ == "__main__":
    sys.exit(main())
