"""Text that goes into headers and templates: one line, no control characters, never too long."""

from __future__ import annotations

from aftersales.words.plain import one_line

LONGEST_SUBJECT = 150  # characters; phones show forty to eighty, and nobody reads a longer one

__all__ = ["LONGEST_SUBJECT", "one_line"]
