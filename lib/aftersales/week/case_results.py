"""What is known of cases in a shop's week: which case a name means, what became of it, whom it cleared."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import polars as pl

from aftersales.cases.case import Case, named_case
from aftersales.findings.orders import suspicious_orders
from aftersales.measures.case_outcomes import case_outcomes, cleared, cleared_buyers, confirmed_orders, win_rates
from aftersales.week.span import Span


class CaseResults(Span):
    """Results on cases of a shop's week.

    What people recorded is taken as the pinned commit has it, whatever the week: a report made again shows what is
    known now, and ``--as-of`` repeats what was known then.
    """

    @cached_property
    def case_outcomes(self) -> pl.DataFrame:
        """Each recorded case with its last state."""
        return case_outcomes(self.tables["cases"], self.tables["case_members"])

    @cached_property
    def win_rates(self) -> pl.DataFrame:
        """How recorded cases ended, by pattern, with intervals."""
        return win_rates(self.case_outcomes)

    @cached_property
    def confirmed_orders(self) -> pl.DataFrame:
        """Orders of cases that the platform found for the shop."""
        return confirmed_orders(self.tables["cases"], self.tables["case_members"])

    @cached_property
    def cleared_buyers(self) -> dict[str, date]:
        """The shop's allow-list: buyers of cases marked innocent, with the day that was done."""
        of = self.tables
        return cleared_buyers(of["cases"], of["case_members"], of["orders"], of["complaints"])

    @cached_property
    def cleared_orders(self) -> list[str]:
        """Orders of cases marked innocent: where buyers are masked there is nobody else to clear."""
        return cleared(self.tables["cases"], self.tables["case_members"], kind="order")["order_id"].to_list()

    @cached_property
    def cleared_complaints(self) -> list[str]:
        """Complaints of cases marked innocent."""
        return cleared(self.tables["cases"], self.tables["case_members"], kind="complaint")["complaint_id"].to_list()

    @cached_property
    def ever_suspected(self) -> pl.DataFrame:
        """The list of suspected orders over all weeks and with nobody cleared: what a case's id may mean."""
        return suspicious_orders(
            self.tables["orders"], self.tables["refunds"], week=self.week, evidence=self.order_evidence,  # type: ignore[attr-defined]
            currency=self.shop.currency, found=self.suspects, weeks=None,  # type: ignore[attr-defined]
        )  # fmt: skip

    def case(self, name: str) -> Case:
        """The case that a name means: a case's id, or an order's, a complaint's or a refund's number."""
        of = self.tables
        return named_case(
            name, listed_orders=self.ever_suspected, listed_complaints=self.ever_suspected_complaints,  # type: ignore[attr-defined]
            members=of["case_members"], orders=of["orders"], complaints=of["complaints"], refunds=of["refunds"],
        )  # fmt: skip
