"""What a week's page on suspected complaints needs, computed once: the list, and how many complaints were looked at."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from aftersales.findings.complaints import suspicious_complaints
from aftersales.week.kept import kept_frame
from aftersales.week.span import Span
from aftersales.words.language import Language


class ComplaintSuspects(Span):
    """Results on suspected complaints of a shop's week."""

    @kept_frame
    def suspicious_complaints_zh(self) -> pl.DataFrame:
        """The list, told in Chinese."""
        return self._suspected("zh")

    @kept_frame
    def suspicious_complaints_en(self) -> pl.DataFrame:
        """The same, told in English."""
        return self._suspected("en")

    def suspicious_complaints(self, language: Language) -> pl.DataFrame:
        """Complaints that the records speak against, told in that language."""
        return self.suspicious_complaints_zh if language == "zh" else self.suspicious_complaints_en

    @cached_property
    def complaints_looked_at(self) -> int:
        """Complaints filed in the twelve weeks up to this one."""
        filed = self.tables["complaints"].filter(pl.col("filed_at").dt.date().is_between(self.quarter, self.until))
        return int(filed.select(pl.len()).collect().item())

    def rows_of(self, table: str) -> int:
        """How many rows a table of the shop has; a table without any is a file that the shop has not given."""
        return int(self.tables[table].select(pl.len()).collect().item())

    def _suspected(self, language: Language) -> pl.DataFrame:
        tables = self.tables
        return suspicious_complaints(
            tables["complaints"], tables["refunds"], tables["orders"], parcels=tables["parcels"],
            messages=tables["messages"], week=self.week, language=language, currency=self.shop.currency,
        )  # fmt: skip
