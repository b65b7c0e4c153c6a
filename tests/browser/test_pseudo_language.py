"""The pages in a language in which every sentence is marked: no word on them is without a mark."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.conftest import Person, connected

MARK_ALL = """
for (const [code, said] of Object.entries(WORDS)) {
  WORDS[code] = typeof said === "string" ? `⟦${said}⟧` : said.map((each) => `⟦${each}⟧`);
}
"""
UNMARKED = """() => {
  const spoken = ["aria-label", "title", "placeholder"];
  // By scripts: the frame around them is the server's.
  const made = "main > *, body > :is(call-screen, incoming-call, people-picker, toast-list), .shell__banners > *";
  // What the server or a caller wrote, what people are called, and the names of this machine's devices.
  const written = ".incoming__text, .timeline__entry, .timeline__answers, .reach, [class$=__name]";
  const apart = `person-avatar, option, noscript, ${written}`;
  const days = /\\b(?:Today|Yesterday|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\\b/g;
  const data = /\\b(?:Callinvite|Alice|Bob|Carol|Dave|alice|bob|carol|dave|AM|PM)\\b/g;
  const left = (text) => {
    let rest = text;
    while (/⟦[^⟦⟧]*⟧/.test(rest)) {
      rest = rest.replace(/⟦[^⟦⟧]*⟧/g, "");
    }
    return rest.replace(data, "").replace(days, "");
  };
  const found = [];
  for (const element of document.querySelectorAll("*")) {
    if (!element.closest(made) || element.closest(apart)) {
      continue;
    }
    const texts = spoken.map((name) => element.getAttribute(name) ?? "");
    texts.push(...[...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data));
    const unmarked = texts.filter((text) => /\\p{Letter}/u.test(left(text)));
    found.push(...unmarked.map((text) => `${element.localName}: ${text}`));
  }
  return found;
}"""


def _mark(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text() + MARK_ALL)


def _all_marked(person: Person) -> None:
    assert person.page.evaluate(UNMARKED) == []


def test_every_word_of_the_main_screens_is_in_the_message_files(alice: Person, bob: Person) -> None:
    page: Any = bob.page
    page.route("**/words/en*.js", _mark)
    page.goto(bob.server.url)
    connected(page)
    expect(page.locator("people-view .person").first).to_be_visible()
    page.locator("people-view .view__head button").click()
    expect(page.locator("people-view .group-bar")).to_be_visible()
    _all_marked(bob)

    alice.call("Bob")
    expect(page.locator("incoming-call .incoming__name")).to_be_visible()
    page.locator("incoming-call .replies__toggle").last.click()
    _all_marked(bob)
    page.locator("incoming-call .replies__choice").first.click()
    alice.hears("Declined: busy right now")
    # It would go by itself after a while.
    alice.screen.get_by_role("button", name="Close").last.click()

    page.evaluate("location.hash = 'recents'")
    expect(page.locator("recents-view .recent").first).to_be_visible()
    _all_marked(bob)
    page.locator("recents-view .recent__why").first.click()
    expect(page.locator("timeline-view .timeline__entry").first).to_be_visible()
    _all_marked(bob)
    page.evaluate("location.hash = 'settings'")
    expect(page.locator("device-list .device").first).to_be_visible()
    expect(page.locator("ringtone-choice .ringtone").first).to_be_visible()
    _all_marked(bob)

    alice.call("Bob")
    page.locator("incoming-call .answer--accept").click()
    expect(page.locator("call-screen [role=timer]")).to_be_visible()
    page.locator("call-screen .control--more").click()
    _all_marked(bob)
    alice.hang_up()
    expect(page.locator("call-screen .answer--accept")).to_be_visible()
    _all_marked(bob)
