"""What a week's complaint and service pages need, each computed once: complaints, answers, closings, the platform."""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.service import (
    closing_hours,
    complaint_outcomes,
    complaint_rate,
    first_response_hours,
    handling_hours,
    platform_involved_rate,
    weekly_complaints,
)
from aftersales.sources.clean import mapped
from aftersales.sources.layout import load_layouts
from aftersales.tables.columns import has_hour, known_sum
from aftersales.week.cache import cached_frame, chosen_frame
from aftersales.week.span import Span


class ServiceResults(Span):
    """Complaint and service results of a shop's week."""

    @property
    def service_since(self) -> date:
        """The Monday that tables and times of complaints look back to."""
        return self.week.shift(1 - self.options.service_weeks).monday

    @cached_frame
    def complaint_rate_monthly(self) -> pl.DataFrame:
        """Complaints over paid orders by payment month."""
        return complaint_rate(
            self.tables.parts("orders"), self.tables["complaints"], by="month", until=self.until, since=self.since
        )

    @cached_frame
    def complaint_rate_weekly(self) -> pl.DataFrame:
        """Complaints over paid orders by payment week."""
        return complaint_rate(
            self.tables.parts("orders"), self.tables["complaints"], by="week", until=self.until, since=self.since
        )

    @cached_frame
    def complaints_weekly(self) -> pl.DataFrame:
        """Complaints by the week they were filed in."""
        return weekly_complaints(self.tables["complaints"], until=self.until, since=self.since)

    @cached_frame
    def complaints_by_channel(self) -> pl.DataFrame:
        """Complaints of half a year by week and channel."""
        return weekly_complaints(self.tables["complaints"], until=self.until, since=self.half_year, by="channel")

    @cached_frame
    def complaints_by_kind(self) -> pl.DataFrame:
        """Complaints of twenty-six weeks by week and kind: a reason group where its words name one, else as written."""
        rows = weekly_complaints(self.tables["complaints"], until=self.until, since=self.half_year, by="kind")
        named = mapped(rows["kind"], values=load_layouts()[0].maps["reason"])
        rows = rows.with_columns(kind=pl.when(named != "other").then(named).otherwise("kind"))
        return rows.group_by("week", "kind", maintain_order=True).agg(
            pl.col("complaints").sum(), known_sum(pl.col("compensation").filter(pl.col("complaints") > 0))
        )

    @chosen_frame("service_weeks")
    def complaint_verdicts(self) -> pl.DataFrame:
        """Complaints of the weeks looked back to that are closed, by who was found at fault."""
        return complaint_outcomes(self.tables["complaints"], until=self.until, since=self.service_since)

    @chosen_frame("service_weeks")
    def handling_weekly(self) -> pl.DataFrame:
        """Hours from request to end of a refund, by week of request; open cases run on."""
        return handling_hours(self.tables["refunds"], by="week", until=self.until, since=self.service_since)

    @chosen_frame("service_weeks")
    def first_response_weekly(self) -> pl.DataFrame:
        """Hours from complaint to first answer, by week of filing."""
        return first_response_hours(self.tables["complaints"], by="week", until=self.until, since=self.service_since)

    @chosen_frame("service_weeks")
    def closing_weekly(self) -> pl.DataFrame:
        """Hours from complaint to close, by week of filing."""
        return closing_hours(self.tables["complaints"], by="week", until=self.until, since=self.service_since)

    @cached_frame
    def platform_monthly(self) -> pl.DataFrame:
        """How often the platform stepped into a refund or complaint, by payment month."""
        return platform_involved_rate(
            self.tables.parts("orders"),
            self.tables["refunds"],
            self.tables["complaints"],
            by="month",
            until=self.until,
            since=self.since,
        )

    @chosen_frame("service_weeks")
    def complaint_hours(self) -> pl.DataFrame:
        """Complaints of the weeks looked back to by weekday (1 Monday) and hour of filing; every cell, also with none.

        Those filed on a day without an hour are counted under hour null (weekday null).
        """
        filed = self.tables["complaints"].filter(
            pl.col("filed_at").dt.date().is_between(pl.lit(self.service_since), pl.lit(self.until))
        )
        counts = (
            filed.select(
                pl.when(has_hour(pl.col("filed_at"))).then(part.cast(pl.Int64)).alias(name)
                for name, part in (("weekday", pl.col("filed_at").dt.weekday()), ("hour", pl.col("filed_at").dt.hour()))
            )
            .group_by("weekday", "hour")
            .agg(complaints=pl.len().cast(pl.Int64))
            .collect()
        )
        cells = pl.DataFrame({"weekday": range(1, 8)}).join(pl.DataFrame({"hour": range(24)}), how="cross")
        known = cells.join(counts, on=["weekday", "hour"], how="left", maintain_order="left")
        return pl.concat(
            [known.with_columns(pl.col("complaints").fill_null(0)), counts.filter(pl.col("hour").is_null())]
        )

    @cached_frame
    def complaint_words(self) -> pl.DataFrame:
        """The 50 newest complaints that say something, in the buyer's words, numbers of people masked."""
        said = self.tables["complaints"].filter(
            pl.col("text").str.strip_chars().str.len_chars() >= 6, pl.col("filed_at").dt.date() <= self.until
        )
        return (
            said.sort("filed_at", "complaint_id", descending=True)
            .select("filed_at", "channel", "kind", "text", "order_id")
            .head(50)
            .collect()
        )
