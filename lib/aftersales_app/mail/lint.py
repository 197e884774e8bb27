"""The check every mail passes before it is sent: what mail programs drop, block or clip never leaves the house.

The limits are those of Outlook's Word engine and of Gmail (caniemail, June 2026): no flex, no SVG, no data: pictures,
HTML well under the 102 kB at which Gmail clips.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

LARGEST_HTML = 40_000  # bytes; half of what Gmail clips at, so that forwarding has room
MOST_PICTURES = 2
_TAGS = {
    "script", "svg", "canvas", "iframe", "form", "input", "video", "audio", "object", "embed", "link", "base", "meter",
    "progress",
}  # fmt: skip
_STYLES = re.compile(
    r"display\s*:\s*(inline-)?(flex|grid)|position\s*:|var\(|@import|background-image|url\(|float\s*:|gradient\(", re.I
)
# a number that was never there; words alone would refuse a product that is called so
_NO_NUMBER = re.compile(r"(?i:[¥$€£₹₱฿₫₩]\s?nan\b|\bnan\s?(%|pp\b|个百分点|小时|天))|\bNone\s?(%|pp\b|个百分点)")
_ADDRESS = re.compile(r"^(https?://|mailto:)[^\s\"'<>]+$", re.I)
_CID = re.compile(r"^cid:[A-Za-z0-9._@-]+$")


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.pictures: list[str] = []
        self.words: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _TAGS:
            self.faults.append(f"<{tag}>")
        if tag == "style":
            self._within.append(tag)
        if found := _STYLES.search(given.get("style", "")):
            self.faults.append(f"style {found[0]}")
        self.faults += [f"{name}=" for name in given if name.startswith("on")]
        if tag == "a" and not _ADDRESS.match(given.get("href", "")):
            self.faults.append(f"href {given.get('href', '')[:60]}")
        if tag == "img":
            self._picture(given)

    def _picture(self, given: dict[str, str]) -> None:
        source = given.get("src", "")
        if not _CID.match(source):
            self.faults.append(f"img src {source[:60]}")
        self.pictures.append(source.removeprefix("cid:"))
        if not given.get("alt", "").strip() or not re.search(r"\d", given.get("alt", "")):
            self.faults.append("img alt without numbers")
        if not given.get("width", "").isdigit():
            self.faults.append("img without width")

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if self._within:
            if re.search(r"@import|url\(", data, re.I):
                self.faults.append("style sheet with @import or url()")
        else:
            self.words.append(data)


def mail_faults(html: str, text: str, *, cids: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a mail's two bodies; empty where it may be sent.

    ``cids`` are the pictures that go with it: each must be on the mail, and no other.

    >>> mail_faults("<p>Refunds 3</p>", "Refunds 3")
    []
    >>> mail_faults('<p style="display:flex">Refunds nan%</p>', "")
    ['style display:flex', 'no plain text', 'a number is missing']
    """
    seen = _Seen()
    seen.feed(html)
    faults = sorted(set(seen.faults))
    if (size := len(html.encode("utf-8"))) > LARGEST_HTML:
        faults.append(f"{size} bytes of HTML")
    if len(seen.pictures) > MOST_PICTURES:
        faults.append(f"{len(seen.pictures)} pictures")
    if set(seen.pictures) != set(cids):
        faults.append(f"pictures {sorted(set(seen.pictures) ^ set(cids))}")
    if not text.strip():
        faults.append("no plain text")
    # said without the words themselves: the notice that quotes a fault must pass this check too
    if _NO_NUMBER.search(" ".join(seen.words)) or _NO_NUMBER.search(text):
        faults.append("a number is missing")
    return faults
