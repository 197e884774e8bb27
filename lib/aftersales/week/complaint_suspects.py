"""What a week's page on suspected complaints needs, computed once: the list, and how many complaints were looked at."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from aftersales.findings.complaints import Judgement, judge_complaints, suspicious_complaints
from aftersales.stats.text import TextModel, model_of_bytes
from aftersales.week.case_results import CaseResults
from aftersales.week.kept import kept_frame
from aftersales.words.language import Language


class ComplaintSuspects(CaseResults):
    """Results on suspected complaints of a shop's week."""

    packed_model: bytes | None = None

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

    def rows_of(self, table: str) -> int:
        """How many rows a table of the shop has; a table without any is a file that the shop has not given."""
        return int(self.tables[table].select(pl.len()).collect().item())

    @kept_frame
    def ever_suspected_complaints(self) -> pl.DataFrame:
        """The list with nobody cleared: what a case's id may mean. Its sentences are in Chinese; nobody reads them."""
        return self._suspected("zh", innocent={}, innocent_complaints=())

    @cached_property
    def text_model(self) -> TextModel | None:
        """The model that `aftersales train` left; None where none was trained."""
        return None if self.packed_model is None else model_of_bytes(self.packed_model)

    @cached_property
    def complaint_judgement(self) -> Judgement:
        """Every complaint with its cause, who is at fault, what to offer, and what stands against it."""
        of = self.tables
        return judge_complaints(
            of["complaints"], of["refunds"], of["orders"], parcels=of["parcels"], messages=of["messages"],
            until=self.until, model=self.text_model,
        )  # fmt: skip

    def _suspected(self, language: Language, **cleared: Any) -> pl.DataFrame:
        tables = self.tables
        shifts = None if cleared else self.complaint_shifts
        cleared = cleared or {"innocent": self.cleared_buyers, "innocent_complaints": self.cleared_complaints}
        return suspicious_complaints(
            tables["complaints"], tables["refunds"], tables["orders"], parcels=tables["parcels"],
            messages=tables["messages"], week=self.week, language=language, currency=self.shop.currency,
            judged=self.complaint_judgement, shifts=shifts, **cleared,
        )  # fmt: skip
