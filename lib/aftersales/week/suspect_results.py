"""What a week's page on suspected orders needs, each computed once: evidence, groups, the list."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from aftersales.findings.orders import conduct_known, suspicious_orders
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.suspects import suspects
from aftersales.week.case_results import CaseResults
from aftersales.week.kept import kept_frame
from aftersales.words.language import Language


class SuspectResults(CaseResults):
    """Results on suspected orders of a shop's week."""

    @cached_property
    def order_evidence(self) -> pl.DataFrame:
        """What each order up to the week shows of its buyer's conduct."""
        return order_evidence(self.tables.parts("orders"), self.tables["refunds"], until=self.until)

    @kept_frame
    def conduct_known(self) -> pl.DataFrame:
        """What can be known of conduct at all, as one row: told, share_masked, with_keys."""
        return conduct_known(self.order_evidence, week=self.week)

    @cached_property
    def suspects(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Groups of orders under suspicion, and their orders."""
        return suspects(self.order_evidence)

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
            currency=self.shop.currency, innocent=self.cleared_buyers, innocent_orders=self.cleared_orders,
            evidence=self.order_evidence, found=self.suspects,
        )  # fmt: skip
