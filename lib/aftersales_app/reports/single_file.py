"""A page with its style and scripts inside, for sending: it opens alone and stays as strict."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from aftersales.words.errors import DataError

_STYLE = re.compile(r'<link\b[^>]*\brel="stylesheet"[^>]*>', re.I)
_SCRIPT = re.compile(r'<script\b([^>]*)\bsrc="([^"]+)"([^>]*)>\s*</script>', re.I)
_HREF = re.compile(r'\bhref="([^"]+)"', re.I)
_KEPT = re.compile(r'\b(id|class)="([^"]*)"', re.I)
_POLICY = re.compile(r'(<meta\b[^>]*http-equiv="Content-Security-Policy"[^>]*\bcontent=")([^"]*)(")', re.I)
_PAGE_LINK = re.compile(r'(<a\b[^>]*?)\s+href="(?![#a-z]+:|#|//)[^"]*"', re.I)


def single_file(page: Path) -> bytes:
    """The page as one HTML file: css and js inlined, allowed by their hashes, links to pages that stay behind removed.

    Raises `DataError` where the page or one of its assets is missing.
    """
    html, style_hashes, script_hashes = _read(page).decode("utf-8"), [], []
    behind: list[str] = []

    def styled(found: re.Match[str]) -> str:
        href = _HREF.search(found[0])
        text = _read(page.parent / href[1]).decode("utf-8").replace("</style", "<\\/style") if href else ""
        style_hashes.append(_hash(text))
        # plotly looks for its own style element by its id
        kept = "".join(f' {name}="{value}"' for name, value in _KEPT.findall(found[0]))
        return f"<style{kept}>{text}</style>"

    def scripted(found: re.Match[str]) -> str:
        text = _read(page.parent / found[2]).decode("utf-8").replace("</script", "<\\/script")
        script_hashes.append(_hash(text))
        # an inline script cannot be deferred, so it runs where the whole page is read
        behind.append(f"<script>{text}</script>")
        return ""

    html = _STYLE.sub(styled, html)
    html = _SCRIPT.sub(scripted, html)
    html = _POLICY.sub(lambda m: m[1] + _allowing(m[2], style_hashes, script_hashes) + m[3], html)
    html = _PAGE_LINK.sub(r"\1", html)
    # without its links the row of pages holds nothing to tab to, and it must still scroll by keyboard
    html = html.replace('<nav class="pages wide"', '<nav tabindex="0" class="pages wide"', 1)
    head, end, tail = html.rpartition("</body>")
    return (head + "\n".join(behind) + end + tail).encode("utf-8") if end else (html + "\n".join(behind)).encode()


def _allowing(policy: str, style_hashes: list[str], script_hashes: list[str]) -> str:
    directives = [d.strip() for d in policy.split(";") if d.strip()]
    named = {name: values for name, _, values in (d.partition(" ") for d in directives)}
    if script_hashes:
        named["script-src"] = " ".join(script_hashes)
    styles = named.get("style-src", "")
    if style_hashes and "'unsafe-inline'" not in styles:
        kept = " ".join(s for s in styles.split() if s not in {"'self'", "'none'", "file:"})
        named["style-src"] = f"{kept} {' '.join(style_hashes)}".strip()
    return "; ".join(f"{name} {value}".strip() for name, value in named.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode()}'"


def _read(file: Path) -> bytes:
    try:
        return file.resolve().read_bytes()
    except OSError as error:
        raise DataError(
            f"The page '{file.name}' cannot be read", found=str(error.strerror), hint="run the report again"
        ) from None
