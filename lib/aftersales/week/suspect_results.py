"""What a week's pages on suspected orders and complaints need, each computed once: evidence, groups, the lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.findings.complaints import Judgement, judge_complaints, suspicious_complaints
from aftersales.findings.orders import conduct_known, suspicious_orders
from aftersales.measures.chunks import parts_for
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.return_parcels import return_parcels
from aftersales.measures.return_records import return_numbers
from aftersales.measures.suspects import OF_TIMING_AND_KEYS, suspects
from aftersales.stats.text import TextModel, model_of_bytes
from aftersales.week.cache import cached_frame, chosen_frame, plain_property
from aftersales.week.case_results import CaseResults
from aftersales.words.language import Language


class SuspectResults(CaseResults):
    """Results on suspected orders of a shop's week."""

    @plain_property
    def order_evidence(self) -> pl.DataFrame:
        """What each order up to the week shows of its buyer's conduct."""
        return order_evidence(self.tables.parts("orders"), self.tables["refunds"], until=self.until)

    def evidence_near(self, orders: Sequence[str]) -> pl.DataFrame:
        """`order_evidence` of these orders, their buyers' others, and all that hold one of the same products."""
        parts = self.tables.parts("orders", held=False)
        mine = pl.col("order_id").is_in(list(orders))
        own = pl.concat([part.filter(mine).select("buyer_key", "product_id").collect() for part in parts])
        alike = pl.any_horizontal(
            mine,
            *(pl.col(c).is_in(own[c].drop_nulls().unique().implode()) for c in ("buyer_key", "product_id")),
        )
        near = [part.join(part.filter(alike).select("order_id"), on="order_id", how="semi") for part in parts]
        return order_evidence(near, self.tables.scan("refunds"), until=self.until)

    @chosen_frame("suspect_weeks")
    def conduct_known(self) -> pl.DataFrame:
        """What can be known of conduct at all, as one row: told, share_masked, with_keys."""
        return conduct_known(self.order_evidence, week=self.week, weeks=self.options.suspect_weeks)

    @plain_property
    def suspects(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Groups of orders under suspicion, and their orders."""
        return suspects(self.order_evidence)

    @plain_property
    def _return_parcels(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        of = self.tables
        return return_parcels(of.scan("orders"), of.scan("refunds"), of.scan("parcels"), until=self.until)

    @cached_frame
    def contradicted_returns(self) -> pl.DataFrame:
        """Returns that `return_parcels` lists: their number contradicts the records."""
        return self._return_parcels[0].filter("listed")

    @cached_frame
    def return_checks(self) -> pl.DataFrame:
        """What return numbers were checked for: assessed, shown, honest ones to be expected, what was lacking."""
        return self._return_parcels[1]

    @cached_frame
    def return_numbers(self) -> pl.DataFrame:
        """Returns, those with a number, and those with something that is none, as one row."""
        return pl.DataFrame([return_numbers(self.tables.scan("refunds"), until=self.until)])

    @chosen_frame("suspect_weeks")
    def suspicious_orders_zh(self) -> pl.DataFrame:
        """The list, told in Chinese."""
        return self._listed("zh")

    @chosen_frame("suspect_weeks")
    def suspicious_orders_en(self) -> pl.DataFrame:
        """The same, told in English."""
        return self._listed("en")

    def suspicious_orders(self, language: Language) -> pl.DataFrame:
        """The list, told in that language."""
        rows = self.suspicious_orders_zh if language == "zh" else self.suspicious_orders_en
        if "order_evidence" in self.__dict__ and parts_for(self.order_evidence.height) > 1:
            self._let_evidence_go()
        return rows

    def _let_evidence_go(self) -> None:
        """A large shop's evidence takes gigabytes: what else rests on it is computed now, and then it is not held."""
        lists = [f"suspicious_orders_{language}" for language in self.shop.language]
        last = "orders_set_aside"  # needs much room, and few of the columns
        for name in ("conduct_known", "ever_suspected", *lists):
            getattr(self, name)
        self.__dict__.pop("suspects", None)
        self.__dict__["order_evidence"] = self.order_evidence.select(OF_TIMING_AND_KEYS)
        getattr(self, last)
        self.__dict__.pop("order_evidence")

    def _listed(self, language: Language) -> pl.DataFrame:
        return suspicious_orders(
            self.tables["orders"],
            self.tables["refunds"],
            week=self.week,
            language=language,
            currency=self.shop.currency,
            market=self.shop.market,
            innocent=self.cleared_buyers,
            innocent_orders=self.cleared_orders,
            evidence=self.order_evidence,
            found=self.suspects,
            returns=self.contradicted_returns,
            shifts=self.order_shifts,
            weeks=self.options.suspect_weeks,
        )


class ComplaintSuspects(CaseResults):
    """Results on suspected complaints of a shop's week."""

    packed_model: bytes | None = None

    @cached_frame
    def suspicious_complaints_zh(self) -> pl.DataFrame:
        """The list, told in Chinese."""
        return self._suspected("zh")

    @cached_frame
    def suspicious_complaints_en(self) -> pl.DataFrame:
        """The same, told in English."""
        return self._suspected("en")

    def suspicious_complaints(self, language: Language) -> pl.DataFrame:
        """Complaints that the records speak against, told in that language."""
        return self.suspicious_complaints_zh if language == "zh" else self.suspicious_complaints_en

    def rows_of(self, table: str) -> int:
        """How many rows a table of the shop has; a table without any is a file that the shop has not given."""
        return int(self.tables[table].select(pl.len()).collect().item())

    @cached_frame
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
            of["complaints"],
            of["refunds"],
            of["orders"],
            parcels=of["parcels"],
            messages=of["messages"],
            until=self.until,
            model=self.text_model,
        )

    def _suspected(self, language: Language, **cleared: Any) -> pl.DataFrame:
        tables = self.tables
        shifts = None if cleared else self.complaint_shifts
        cleared = cleared or {"innocent": self.cleared_buyers, "innocent_complaints": self.cleared_complaints}
        return suspicious_complaints(
            tables["complaints"],
            tables["refunds"],
            tables["orders"],
            parcels=tables["parcels"],
            messages=tables["messages"],
            week=self.week,
            language=language,
            currency=self.shop.currency,
            judged=self.complaint_judgement,
            shifts=shifts,
            **cleared,
        )
