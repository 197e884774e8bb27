"""What is known of cases in a shop's week: which case a name means, what became of it, whom it cleared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property

import polars as pl

from aftersales.cases.case import Case, named_case
from aftersales.cases.dossier import Dossier
from aftersales.cases.records import Records
from aftersales.findings.orders import suspicious_orders
from aftersales.measures.case_outcomes import case_outcomes, cleared, cleared_buyers, confirmed_orders
from aftersales.measures.recalibration import SHIFTS, likelihood_shifts
from aftersales.tables.columns import known_sum
from aftersales.tables.values import CASE_OUTCOME
from aftersales.week.cache import cached_frame
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

    @cached_frame
    def ever_suspected(self) -> pl.DataFrame:
        """The list of suspected orders over all weeks and with nobody cleared: what a case's id may mean."""
        return suspicious_orders(
            self.tables["orders"],
            self.tables["refunds"],
            week=self.week,
            evidence=self.order_evidence,  # type: ignore[attr-defined]
            currency=self.shop.currency,
            market=self.shop.market,
            found=self.suspects,  # type: ignore[attr-defined]
            weeks=None,
            returns=self.contradicted_returns,  # type: ignore[attr-defined]
        )

    def with_state(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A list's rows with ``state`` (a case state, or ``closed``) and ``decided``, whether nothing is to be done.

        A state that was recorded goes before the verdict in the files, which goes before what is closed without one.
        """
        recorded = self.case_outcomes.select("case_id", "state", decided=pl.col("outcome") != "open")
        rows = rows.join(recorded, on="case_id", how="left", maintain_order="left")
        if "complaint_id" in rows.columns:
            rows = rows.join(
                self._closed_complaints.drop("closed_at"), on="complaint_id", how="left", maintain_order="left"
            )
            told = ~pl.col("decided").fill_null(value=False) & pl.col("verdict").is_not_null()
            rows = rows.with_columns(
                state=pl.when(told).then("verdict").otherwise("state"), decided=pl.col("decided") | told
            ).drop("verdict")
        return rows.with_columns(pl.col("state").fill_null("new"), pl.col("decided").fill_null(value=False))

    @cached_property
    def _closed_complaints(self) -> pl.DataFrame:
        """Complaints closed up to the week: complaint_id, verdict. At the buyer's fault is won, at another's lost."""
        fault = pl.col("fault")
        verdict = (
            pl.when(fault == "buyer")
            .then(pl.lit("won"))
            .when(fault.is_in(["seller", "carrier"]))
            .then(pl.lit("lost"))
            .otherwise(pl.lit("closed"))
        )
        closed = self.tables["complaints"].filter(pl.col("closed_at").dt.date() <= self.until)
        told = closed.select("complaint_id", "closed_at", verdict=verdict)
        return told.unique("complaint_id", keep="first", maintain_order=True).collect()

    @cached_property
    def complaint_outcomes(self) -> pl.DataFrame:
        """Suspected complaints that were decided: by a recorded state, else by the verdict that the files hold.

        Columns out: case_id, pattern, state, outcome, at.
        """
        columns = ("case_id", "pattern", "state", "outcome", "at")
        kept = self.case_outcomes.filter(pl.col("case_id").str.starts_with("complaint-")).select(columns)
        listed: pl.DataFrame = self.ever_suspected_complaints  # type: ignore[attr-defined]
        verdicts = self._closed_complaints.filter(pl.col("verdict") != "closed")
        verdicts = verdicts.rename({"verdict": "state", "closed_at": "at"})
        judged = listed.join(kept, on="case_id", how="anti").join(verdicts, on="complaint_id", maintain_order="left")
        told = judged.with_columns(outcome=pl.col("state").replace_strict(CASE_OUTCOME, return_dtype=pl.String))
        utc = pl.col("at").dt.convert_time_zone("UTC")
        return pl.concat([kept.with_columns(utc), told.select(columns).with_columns(utc)])

    @cached_property
    def order_shifts(self) -> pl.DataFrame:
        """What outcomes taught of the likelihoods of suspected orders, by pattern (`likelihood_shifts`)."""
        kept = self.case_outcomes.filter(pl.col("case_id").str.starts_with("suspect-"))
        return self._shifts(kept, lambda: self.ever_suspected)

    @cached_property
    def complaint_shifts(self) -> pl.DataFrame:
        """The same of suspected complaints."""
        return self._shifts(self.complaint_outcomes, lambda: self.ever_suspected_complaints)  # type: ignore[attr-defined]

    def _shifts(self, outcomes: pl.DataFrame, listed: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        ended = outcomes.filter(pl.col("outcome").is_in(["confirmed", "refuted"]))
        if ended.is_empty():
            return pl.DataFrame(schema=SHIFTS)  # without looking for suspects of all time
        # a case is as likely as the likeliest of its orders or complaints
        cases = listed().group_by("case_id").agg(pl.col("pattern").first(), pl.col("probability").max())
        right = ended.select("case_id", "at", right=pl.col("outcome") == "confirmed").join(cases, on="case_id")
        return likelihood_shifts(right)

    @cached_property
    def most_urgent_case(self) -> str | None:
        """The case to look at first: what can still be answered, by its deadline; then what is not shipped; then money.

        Cases that are settled, decided or laid aside are left out. None where no list holds one.
        """
        language = self.shop.language[0]
        told = self.with_state(self.suspicious_complaints(language)).filter(~pl.col("decided"))  # type: ignore[attr-defined]
        due = told.filter(pl.col("evidence_due_at").dt.date() > self.until)
        if due.height:
            return str(
                due.sort("evidence_due_at", "probability", "case_id", descending=[False, True, False])["case_id"][0]
            )
        rows = self.with_state(self.suspicious_orders(language)).filter(~pl.col("decided"))  # type: ignore[attr-defined]
        cases = rows.group_by("case_id").agg(
            pl.col("waiting").any(), money=known_sum(pl.col("money_at_risk").cast(pl.Float64))
        )
        if cases.height:
            order = cases.sort("waiting", "money", "case_id", descending=[True, True, False], nulls_last=True)
            return str(order["case_id"][0])
        return str(told["case_id"][0]) if told.height else None

    def case(self, name: str) -> Case:
        """The case that a name means: a case's id, or an order's, a complaint's or a refund's number."""
        of = self.tables
        return named_case(
            name,
            listed_orders=self.ever_suspected,
            listed_complaints=self.ever_suspected_complaints,  # type: ignore[attr-defined]
            members=of["case_members"],
            orders=of["orders"],
            complaints=of["complaints"],
            refunds=of["refunds"],
        )
