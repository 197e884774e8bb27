"""What is known of cases in a shop's week: which case a name means, what became of it, whom it cleared."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import polars as pl

from aftersales.cases.case import Case, named_case
from aftersales.cases.dossier import Dossier
from aftersales.cases.records import Records
from aftersales.findings.orders import suspicious_orders
from aftersales.measures.case_outcomes import case_outcomes, cleared, cleared_buyers, confirmed_orders
from aftersales.week.kept import kept_frame
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
    def dossiers(self) -> dict[tuple[str, str], Dossier]:
        """Dossiers gathered so far, by case and language: kept with the week they are of, so that both go together."""
        return {}

    @cached_property
    def case_material(self) -> dict[str, tuple[Records, pl.DataFrame]]:
        """What was read for a dossier so far, by case: its records, and `evidence_near` its orders; of no language."""
        return {}

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

    @kept_frame
    def ever_suspected(self) -> pl.DataFrame:
        """The list of suspected orders over all weeks and with nobody cleared: what a case's id may mean."""
        return suspicious_orders(
            self.tables["orders"], self.tables["refunds"], week=self.week, evidence=self.order_evidence,  # type: ignore[attr-defined]
            currency=self.shop.currency, market=self.shop.market, found=self.suspects, weeks=None,  # type: ignore[attr-defined]
        )  # fmt: skip

    @cached_property
    def complaint_outcomes(self) -> pl.DataFrame:
        """Suspected complaints that were decided: by a recorded state, else by the verdict that the files hold.

        Columns out: case_id, pattern, state, outcome. A complaint closed at the buyer's fault counts as won, at the
        shop's or the carrier's as lost.
        """
        columns = ("case_id", "pattern", "state", "outcome")
        kept = self.case_outcomes.filter(pl.col("case_id").str.starts_with("complaint-")).select(columns)
        listed: pl.DataFrame = self.ever_suspected_complaints  # type: ignore[attr-defined]
        closed = self.tables["complaints"].filter(
            pl.col("closed_at").dt.date() <= self.until, pl.col("fault") != "disputed"
        )
        judged = listed.select("case_id", "complaint_id", "pattern").join(
            closed.select("complaint_id", "fault").collect(), on="complaint_id"
        )
        won = pl.col("fault") == "buyer"
        told = judged.join(kept.select("case_id"), on="case_id", how="anti").with_columns(
            state=pl.when(won).then(pl.lit("won")).otherwise(pl.lit("lost")),
            outcome=pl.when(won).then(pl.lit("confirmed")).otherwise(pl.lit("refuted")),
        )
        return pl.concat([kept, told.select(columns)])

    @cached_property
    def most_urgent_case(self) -> str | None:
        """The case to look at first: what can still be answered, by its deadline; then what is not shipped; then money.

        Cases that are settled, decided or laid aside are left out. None where no list holds one.
        """
        done = self.case_outcomes.filter(pl.col("outcome") != "open")["case_id"].implode()
        language = self.shop.language[0]
        told: pl.DataFrame = self.suspicious_complaints(language)  # type: ignore[attr-defined]
        due = told.filter(pl.col("evidence_due_at").dt.date() > self.until, ~pl.col("case_id").is_in(done))
        if due.height:
            return str(
                due.sort("evidence_due_at", "probability", "case_id", descending=[False, True, False])["case_id"][0]
            )
        rows: pl.DataFrame = self.suspicious_orders(language)  # type: ignore[attr-defined]
        cases = rows.filter(~pl.col("case_id").is_in(done)).group_by("case_id").agg(
            pl.col("waiting").any(), money=pl.col("money_at_risk").cast(pl.Float64).sum()
        )  # fmt: skip
        if cases.height:
            return str(cases.sort("waiting", "money", "case_id", descending=[True, True, False])["case_id"][0])
        left = told.filter(~pl.col("case_id").is_in(done))
        return str(left["case_id"][0]) if left.height else None

    def case(self, name: str) -> Case:
        """The case that a name means: a case's id, or an order's, a complaint's or a refund's number."""
        of = self.tables
        return named_case(
            name, listed_orders=self.ever_suspected, listed_complaints=self.ever_suspected_complaints,  # type: ignore[attr-defined]
            members=of["case_members"], orders=of["orders"], complaints=of["complaints"], refunds=of["refunds"],
        )  # fmt: skip
