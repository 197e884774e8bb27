"""The mail in a real browser, as the worst mail programs show it: narrow, dark, without style sheet, without pictures."""

from __future__ import annotations

import base64
import re

import pytest
from made_up_mail import WEEK, content

from aftersales.charts.theme import contrast
from aftersales.week.loading import load
from aftersales_app.mail.content import mail_content
from aftersales_app.mail.digest import digest_bodies, notice_bodies
from aftersales_app.mail.html import shop_bodies
from aftersales_app.mail.pictures import trend_png

ONE_SCREEN = 1_160  # CSS pixels at the card's full width: state and plan; figures may need as much again
WIDTHS = (640, 600, 390, 320)
# Every text with the colour behind it: [text, colour, background], as the browser computed them.
TEXTS = """() => {
  const out = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const clear = c => c === 'transparent' || /rgba\\(.*, 0\\)/.test(c);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), parent = walk.currentNode.parentElement;
    if (!text || parent.getClientRects().length === 0) continue;
    let at = parent;
    while (at && clear(getComputedStyle(at).backgroundColor)) at = at.parentElement;
    out.push([text, getComputedStyle(parent).color, at ? getComputedStyle(at).backgroundColor : 'rgb(255, 255, 255)']);
  }
  return out;
}"""


def views(bodies, picture=None):
    """The mail as it is, with its picture blocked, and with its style sheet dropped."""
    drawn = bodies.html
    if picture:
        drawn = drawn.replace("cid:trend", "data:image/png;base64," + base64.b64encode(picture).decode())
    return {"whole": drawn, "blocked": bodies.html, "unstyled": re.sub(r"<style.*?</style>", "", drawn, flags=re.S)}


@pytest.fixture(scope="module", params=["zh", "en", "made-up zh", "made-up en"])
def made(request, demo):
    """Language, bodies and picture: the demo shop's mail, and a made-up one that has every part."""
    language = request.param[-2:]
    if request.param == language:
        told = mail_content(load("demo", language=language, config=str(demo / "shops.toml")))
    else:
        told = content(language)
    picture = trend_png(told.trend, language) if told.trend else None
    link = "https://reports.example/demo/index.html"
    return language, shop_bodies(told, link=link, picture="trend" if picture else ""), picture


@pytest.fixture(scope="module")
def window(chromium):
    """One page for all: what it asks the network for is refused and noted."""
    page = chromium.new_page()
    page.asked = []
    page.route(re.compile(r"^(?!data:)"), lambda route: (page.asked.append(route.request.url), route.abort()))
    yield page
    page.close()


@pytest.fixture
def opened(window):
    """Shows HTML in a window of that width, by day or by night."""

    def open_(markup, *, width, dark=False):
        window.set_viewport_size({"width": width, "height": 800})
        window.emulate_media(color_scheme="dark" if dark else "light")
        window.set_content(markup)
        return window

    return open_


def channels(colour):
    return "#" + "".join(f"{int(n):02X}" for n in re.findall(r"\d+", colour)[:3])


def test_it_fits_every_width_and_one_screen_and_asks_for_nothing(made, opened):
    _, bodies, picture = made
    for name, markup in views(bodies, picture).items():
        page = opened(markup, width=640)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            size = page.evaluate("[document.documentElement.scrollWidth, document.querySelector('.card').offsetHeight]")
            assert size[0] <= width, (name, width, size)
            if width == 640:
                plan = page.locator("table:has(> tbody > tr > th)").first.bounding_box()
                assert plan["y"] + plan["height"] <= ONE_SCREEN, (name, plan)
                assert size[1] <= 2 * ONE_SCREEN, (name, size)
    assert [url for url in page.asked if not url.startswith("cid:")] == []


@pytest.mark.parametrize("dark", [False, True])
def test_every_word_can_be_read_by_day_and_by_night(made, opened, dark):
    texts = opened(views(made[1], made[2])["whole"], width=640, dark=dark).evaluate(TEXTS)
    assert len(texts) > 30
    faint = [(t, c, b) for t, c, b in texts if contrast(channels(c), channels(b)) < 4.5]
    assert faint == []
    ground = channels(texts[5][2])
    assert (ground < "#808080") == dark


def test_with_pictures_blocked_nothing_is_missing(made, opened):
    language, bodies, _ = made
    page = opened(views(bodies)["blocked"], width=640)
    seen = page.inner_text("body") + " ".join(page.eval_on_selector_all("img", "all => all.map(one => one.alt)"))
    for line in bodies.text.splitlines():
        for number in re.findall(r"[¥+−]?\d+(?:[,.]\d+)*%?", line.partition("http")[0]):
            assert number in seen, (language, line)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [640, 390])
def test_digest_notice_and_quiet_mail_fit_as_well(opened, language, width):
    shops = [
        content(language, shop=f"s{n}", name=f"云栖家居旗舰店 {n}", severity=(n % 3, n / 10, n % 3)) for n in range(40)
    ]
    mails = {
        "digest": digest_bodies(shops, {"晴野女装店": "no report"}, week=WEEK, language=language),
        "notice": notice_bodies(shop="demo", shop_name="云栖", week=str(WEEK), reasons=["x" * 90], language=language),
        "quiet": shop_bodies(content(language, quiet=True)),
    }
    for name, bodies in mails.items():
        for dark in (False, True):
            page = opened(bodies.html, width=width, dark=dark)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            faint = [t for t, c, b in page.evaluate(TEXTS) if contrast(channels(c), channels(b)) < 4.5]
            assert faint == [], name
