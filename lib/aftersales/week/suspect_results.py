"""What a week's page on suspected orders needs, each computed once: evidence, groups, cleared buyers, the list."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import polars as pl

from aftersales.findings.orders import suspicious_orders
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.suspects import suspects
from aftersales.week.kept import kept_frame
from aftersales.week.span import Span
from aftersales.words.language import Language


class SuspectResults(Span):
    """Results on suspected orders of a shop's week."""

    @cached_property
    def order_evidence(self) -> pl.DataFrame:
        """What each order up to the week shows of its buyer's conduct."""
        return order_evidence(self.tables["orders"], self.tables["refunds"], until=self.until)

    @cached_property
    def suspects(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Groups of orders under suspicion, and their orders."""
        return suspects(self.order_evidence)

    @cached_property
    def cleared_buyers(self) -> dict[str, date]:
        """Buyers of cases that were marked innocent, with the day that was done."""
        cases = self.tables["cases"].select("case_id", "at", "state").collect().sort("at")
        last = cases.unique("case_id", keep="last").filter(pl.col("state") == "innocent")
        last = last.filter(pl.col("at").dt.date() <= self.until)
        if last.is_empty():
            return {}
        rows = suspicious_orders(
            self.tables["orders"], self.tables["refunds"], week=self.week, evidence=self.order_evidence,
            found=self.suspects, weeks=None,
        )  # fmt: skip
        named = rows.join(last, on="case_id").filter(pl.col("buyer_key").is_not_null())
        days = named.group_by("buyer_key").agg(pl.col("at").dt.date().max())
        return dict(days.iter_rows())

    @kept_frame
    def suspicious_orders_zh(self) -> pl.DataFrame:
        """The list, told in Chinese."""
        return self._listed("zh")

    @kept_frame
    def suspicious_orders_en(self) -> pl.DataFrame:
        """The same, told in English."""
        return self._listed("en")

    def suspicious_orders(self, language: Language) -> pl.DataFrame:
        """The list, told in that language."""
        return self.suspicious_orders_zh if language == "zh" else self.suspicious_orders_en

    def _listed(self, language: Language) -> pl.DataFrame:
        return suspicious_orders(
            self.tables["orders"], self.tables["refunds"], week=self.week, language=language,
            currency=self.shop.currency, innocent=self.cleared_buyers, evidence=self.order_evidence,
            found=self.suspects,
        )  # fmt: skip
