"""``open``: a shop's week with its analyses as methods; ``shop.<Tab>`` is their table of contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from aftersales.advice.effect import MOST_AFTER
from aftersales.advice.suggest import CAPACITY_DAYS
from aftersales.findings.orders import LIST_WEEKS
from aftersales.findings.product_views import WINDOW_WEEKS
from aftersales.findings.signals import with_headlines
from aftersales.stats.false_discoveries import TARGET
from aftersales.stats.placebo import LEVEL
from aftersales.stats.shrinkage import WORSE
from aftersales.week.loading import Report, load
from aftersales.week.options import checked
from aftersales.week.refund_rate import refund_rate_by
from aftersales.week.result import Drawn, Result
from aftersales.week.sections import complaint_trends, overview_slices, overview_tiles, refund_trends, weekly_overview
from aftersales.week.sections.case_dossier import CaseDossier
from aftersales.week.sections.data_health import DataHealth
from aftersales.week.sections.did_it_work import Decisions
from aftersales.week.sections.malicious_complaints import SuspiciousComplaints
from aftersales.week.sections.malicious_orders import SuspiciousOrders
from aftersales.week.sections.policy_and_service import ALWAYS, Actions
from aftersales.week.sections.problem_products import MOST_ROWS, ProblemProducts
from aftersales.week.sections.refund_trends import COST_WEEKS
from aftersales.week.sections.shown import measure_trend, signal_rows
from aftersales.week.span import HALF_YEAR_WEEKS, QUARTER_WEEKS, WEEKS_BACK
from aftersales.week.tables import week_of
from aftersales.week.where import Where
from aftersales.words.errors import unknown
from aftersales.words.language import catalogue

_TRENDS: Mapping[str, Callable[[Report], Any]] = {
    "refund_request_rate": refund_trends.rate_by_request, "refund_rate_orders": refund_trends.rate_by_orders,
    "refund_rate_money": refund_trends.rate_by_money, "complaint_rate": complaint_trends.rate,
    "platform_involved_rate": complaint_trends.platform,
}  # fmt: skip
_HOURS = ("first_response", "closing", "handling")
_REQUESTS_BY = ("phase", "kind", "reason")


@dataclass(frozen=True, eq=False, repr=False)
class Shop(Report):
    """A shop's week, as `open` gives it: each method is an analysis, and gives a `Result`.

    A result has ``table`` (polars), ``headline``, ``plot()``, ``definition`` and ``caveats``, and shows itself as the
    last line of a cell. Parameters have the weekly report's own values where they are not given.
    """

    def where(self, where: str | Mapping[str, str | Sequence[str]] = "", **columns: str | Sequence[str]) -> Shop:
        """The part of the shop that matches: ``shop.where(courier="申通快递", province=["河南省", "山东省"])``.

        Every trend and list is then of the orders that match; suspected orders, decisions and gaps in the data are
        judged on the whole shop. Of a part it takes a part again.

        Parameters
        ----------
        where
            The filter as text: ``"courier=申通快递; province=河南省|山东省"``.
        **columns
            The same by column: product (id, code or title), category, courier, province, channel, warehouse, batch,
            sku; a value or several.

        Raises
        ------
        UsageError
            For a column that is none, and for a value that no order has.

        """
        more = Where.parse(columns or where)
        return replace(self, data=self.data.part(Where((*self.data.where.parts, *more.parts))))

    def earlier(self, weeks: int) -> Shop:
        """The same shop, or part of it, as it stood so many weeks earlier.

        Its orders had as much time to come back as the newest have had now, so that two spans of weeks can be
        compared: ``shop.earlier(8).refund_rate(by="courier", weeks=8)``. States and amounts are those known today.

        Raises
        ------
        UsageError
            For a week without data.

        """
        whole = self.data.only(whole=True)
        then = replace(whole, week=week_of(str(self.data.week.shift(-weeks)), whole.tables, whole.shop))
        return replace(self, data=then.part(self.data.where))

    def refund_rate(self, *, by: str | Sequence[str] = "request_week", weeks: int | None = None) -> Result:
        """The refund rate, by orders and by money, with counts and 90 % intervals.

        Parameters
        ----------
        by
            "request_week" (the week of request), "week", "month" or "day" of payment; province, courier, category,
            product_id, channel, warehouse, batch or sku, small ones drawn to the shop's own rate; or two of these.
        weeks
            How many weeks; 26 of the weekly ones and 12 of others where it is not given.

        Returns
        -------
        Result
            Its table as `measures.refund_rate` or `measures.rate_by_place`; of request weeks week, events, exposure;
            of products with their title.

        """
        return refund_rate_by(self, by, weeks=weeks, caveats=self._caveats)

    @property
    def _caveats(self) -> tuple[str, ...]:
        """What cannot be told of a part of the shop."""
        where = self.data.where
        return (self.say("shown.part", what=where.said(self.language)),) if where else ()

    def trend(self, measure: str = "refund_request_rate") -> Result:
        """The last six weeks and twelve months of a weekly measure with its normal range.

        Its table has the columns of `signals` for this measure, and ``prior_year`` (the same week a year before).

        Parameters
        ----------
        measure
            refund_request_rate, refund_rate_orders, refund_rate_money, complaint_rate, platform_involved_rate,
            handling_hours_median or first_response_hours_median (`findings.weekly_measures.WEEKLY`).

        """
        known = [key.removeprefix("measure.") for key in catalogue() if key.startswith("measure.")]
        if measure not in known:  # one that this shop's files cannot tell is drawn as a note
            raise unknown("weekly measure called", measure, known)
        form = overview_tiles.SHOWN.get(measure, ("num1",))[0]
        plain = partial(measure_trend, self, measure, id=measure.replace("_", "-"), form=form)
        draw = partial(_TRENDS[measure], self) if measure in _TRENDS else plain
        return Drawn(signal_rows(self, measure), draw, caveats=self._caveats)

    def cohorts(self) -> Result:
        """What share of each payment week's orders had a refund requested, by days since payment.

        Its table: cohort (Monday), age_days, orders (as old as that), refund_orders, share (0–1).
        """
        draw, definition = partial(refund_trends.cohorts, self), self.say("refunds.caption_cohorts")
        return Drawn(self.data.cohorts, draw, definition=definition, caveats=self._caveats)

    def without_suspected(self) -> Result:
        """The quarter's refund rate with all orders, and without those suspected by timing and shared keys alone.

        Its table: orders (all, without_suspected), paid_orders, refund_orders, rate (0–1), set_aside (orders left out).
        """
        draw = partial(refund_trends.without_suspected, self)
        return Drawn(self.data.quarter_with_and_without, draw, caveats=self._caveats)

    def requests(self, *, by: str = "phase", weeks: int = HALF_YEAR_WEEKS) -> Result:
        """Refund requests by the week they were made in.

        Its table: week (Monday), the column of ``by``, whole (the week has ended), cases, orders, first_requests (of
        their orders), amount (requested; null where no case tells it).

        Parameters
        ----------
        by
            phase (before_shipping, in_transit, after_receipt), kind or reason.
        weeks
            How many weeks.

        """
        if by not in _REQUESTS_BY:
            raise unknown("way to divide requests called", by, _REQUESTS_BY)
        checked("refund-trends", weeks=weeks)
        rows = self.data.requests_by(by, weeks=weeks)  # type: ignore[arg-type]
        draw = partial(refund_trends.requests, self, by=by, weeks=weeks)
        return Drawn(rows, draw, definition=self.say("refunds.caption_requests"), caveats=self._caveats)

    def reasons(self, *, most: int = refund_trends.MOST_REASONS) -> Result:
        """The week's refund requests by reason, against the six weeks before.

        Its table: reason (one of 18 groups), cases, usual_cases (a week), share, low, high (90%), usual_share,
        usual_low, usual_high, change, differs (more than both counts leave open). ``most`` reasons are drawn.
        """
        draw = partial(refund_trends.reasons, self, most=most)
        definition = self.say("refunds.caption_reasons")
        return Drawn(self.data.reasons_against_usual, draw, definition=definition, caveats=self._caveats)

    def refund_costs(self, *, weeks: int = COST_WEEKS) -> Result:
        """What refunds cost beside the money handed back, by week of request, with the parts.

        Its table as `measures.costs.refund_costs`: money in the shop's currency, ``net_loss`` the sum of the parts.
        """
        draw = partial(refund_trends.costs, self, weeks=weeks)
        definition = self.say("refunds.caption_costs")
        return Drawn(self.data.costs_weekly.tail(weeks), draw, definition=definition, caveats=self._caveats)

    def change(self) -> Result:
        """The step from last week's requests to this week's by product: more orders, other orders, another rate.

        Its table: product_id, exposure_before, exposure_after (orders), events_before, events_after (requests), rates
        before and after, change, and its parts volume, mix and rate, which add up to it (Kitagawa 1955).
        """
        draw = partial(refund_trends.change, self)
        definition = self.say("refunds.caption_change")
        return Drawn(self.data.change_by_product, draw, definition=definition, caveats=self._caveats)

    def complaints(self, *, by: str = "channel") -> Result:
        """Complaints of half a year by week, divided by channel or kind.

        Its table: week (Monday), the column of ``by``, whole, complaints, orders, compensation (null where unknown).
        """
        checked("complaint-trends", by=by)
        rows = self.data.complaints_by_channel if by == "channel" else self.data.complaints_by_kind
        draw = partial(complaint_trends.mix, self, by=by)
        answer = partial(complaint_trends.answer, self)
        return Drawn(rows, draw, answer, definition=self.say("complaints.caption_counts"), caveats=self._caveats)

    def complaint_kinds(self, *, weeks: int = QUARTER_WEEKS) -> Result:
        """What is complained of over the last weeks: week (Monday), kind, complaints, compensation."""
        found = self._service(weeks)
        rows = found.data.complaints_by_kind.filter(pl.col("week") >= found.data.service_since)
        return Drawn(rows, partial(complaint_trends.kinds, found), caveats=self._caveats)

    def hours(self, what: str = "first_response", *, weeks: int = QUARTER_WEEKS) -> Result:
        """How long things take, by week; open cases count as running (Kaplan and Meier 1958).

        Its table: cohort (Monday), cases, closed, open, without_end, and median_hours and p90_hours with low and high
        (90%); null where too few have ended.

        Parameters
        ----------
        what
            first_response or closing (of a complaint), or handling (of a refund, from request to end).
        weeks
            How many weeks.

        """
        if what not in _HOURS:
            raise unknown("time called", what, _HOURS)
        found = self._service(weeks)
        draw: Callable[[Report], Any] = getattr(complaint_trends, what)
        return Drawn(getattr(found.data, f"{what}_weekly"), partial(draw, found), caveats=self._caveats)

    def complaint_hours(self, *, weeks: int = QUARTER_WEEKS) -> Result:
        """When complaints of the last weeks came in: weekday (1 is Monday), hour (null: no time known), complaints."""
        found = self._service(weeks)
        return Drawn(found.data.complaint_hours, partial(complaint_trends.when, found), caveats=self._caveats)

    def complaint_outcomes(self, *, weeks: int = QUARTER_WEEKS) -> Result:
        """Whom the platform found at fault in the closed complaints of the last weeks.

        Its table: fault (buyer, seller, carrier, disputed, or null), complaints, whole, share, low, high (90%),
        compensation.
        """
        found = self._service(weeks)
        return Drawn(found.data.complaint_verdicts, partial(complaint_trends.outcomes, found), caveats=self._caveats)

    def complaint_words(self, *, top: int = complaint_trends.MOST_WORDS) -> Result:
        """What the newest complaints say, in the buyers' own words: the ``top`` newest, up to 50.

        Its table: filed_at, channel, kind, text (what names a person is masked), order_id; the newest first.
        """
        draw = partial(complaint_trends.voices, self, top=top)
        return Drawn(self.data.complaint_words.head(top), draw, caveats=self._caveats)

    def _service(self, weeks: int) -> Report:
        checked("complaint-trends", weeks=weeks)
        return self._varied(service_weeks=weeks)

    def signals(self) -> Result:
        """Every weekly measure with its normal range and the verdict on each week.

        Its table as ``findings/signals.parquet``: measure, scope, week, seen (as counted), value (what it will come to)
        with low and high, normal_low, normal_high, verdict (above, below, routine, not_enough_data), since, headline …
        """
        rows = with_headlines(self.data.signals, language=self.language, currency=self.data.shop.currency)
        return Drawn(rows, partial(overview_tiles.tiles, self), partial(weekly_overview.answer, self))

    def drivers(self) -> Result:
        """The slices of orders that carry the week's rise in refund requests; its table as `findings.drivers`."""
        rows = self.data.drivers(self.language)
        return Drawn(rows, partial(weekly_overview.drivers, self), caveats=self._caveats)

    def persistent_slices(self) -> Result:
        """The couriers, provinces, warehouses … that have been worse than their orders let expect for weeks.

        Its table as `findings.persistent_slices`, over 4, 8 or 12 weeks (``weeks``), most money first.
        """
        rows = self.data.persistent(self.language)
        return Drawn(rows, partial(overview_slices.persistent, self), caveats=self._caveats)

    def problem_products(
        self,
        *,
        weeks: int = WINDOW_WEEKS,
        worse_than: float = WORSE,
        fdr: float = TARGET,
        category: str = "",
        top: int = MOST_ROWS,
    ) -> ProblemProducts:
        """Products that come back more than products like them.

        Parameters
        ----------
        weeks
            Payment weeks that products are judged by, 4 to 52.
        worse_than
            The ratio to the expected rate from which a product is listed (where rates are high, five points).
        fdr
            The share of the list that may be ordinary, 0.01 to 0.5.
        category
            Show the list of this category; all products are judged together all the same.
        top
            Rows shown of the list.

        Returns
        -------
        ProblemProducts
            Its table as `findings.products.problem_products`, most money first; `plot` draws the funnel.

        """
        checked("problem-products", weeks=weeks, worse_than=worse_than, fdr=fdr, top=top)
        return ProblemProducts(self._varied(product_weeks=weeks, worse_than=worse_than, fdr=fdr), category, top)

    def suspicious_orders(
        self, *, weeks: int = LIST_WEEKS, patterns: Sequence[str] = (), min_likelihood: float = 0.0
    ) -> SuspiciousOrders:
        """Orders suspected to be malicious, by case.

        Parameters
        ----------
        weeks
            Cases with an order in so many weeks.
        patterns
            Only cases of these patterns (ring, burst, serial_refunder …); empty takes all.
        min_likelihood
            Only cases at least so likely, 0 to 1.

        Returns
        -------
        SuspiciousOrders
            Its table as `findings.orders.suspicious_orders`. In a part of the shop, cases with an order of it; they are
            searched for in the whole shop.

        """
        checked("malicious-orders", weeks=weeks, patterns=patterns, min_likelihood=min_likelihood)
        whole = self._varied(whole=True, suspect_weeks=weeks)
        return SuspiciousOrders(whole, tuple(patterns), min_likelihood, self._of_orders)

    def suspicious_complaints(
        self, *, weeks: int = QUARTER_WEEKS, patterns: Sequence[str] = (), min_likelihood: float = 0.0
    ) -> SuspiciousComplaints:
        """Complaints that the records contradict.

        Parameters
        ----------
        weeks
            Complaints filed in so many weeks, up to 12.
        patterns
            Only complaints of these patterns (never_paid, copied_text, threat_and_sum …); empty takes all.
        min_likelihood
            Only complaints at least so likely, 0 to 1.

        Returns
        -------
        SuspiciousComplaints
            Its table as `findings.complaints.suspicious_complaints`. In a part of the shop, complaints about its
            orders; they are judged with all others.

        """
        checked("malicious-complaints", weeks=weeks, patterns=patterns, min_likelihood=min_likelihood)
        return SuspiciousComplaints(self._varied(whole=True), weeks, tuple(patterns), min_likelihood, self._of_orders)

    def case(self, case_id: str = "") -> CaseDossier:
        """One case: facts, claims against records, timeline, evidence, what speaks for the buyer.

        Parameters
        ----------
        case_id
            A case's id, or the number of an order, complaint or refund; empty takes the most urgent open case.

        Returns
        -------
        CaseDossier
            Its table is the timeline.

        """
        return CaseDossier(self._varied(whole=True), case_id)

    def data_health(self, *, weeks: int = WEEKS_BACK) -> DataHealth:
        """What was read, set aside or not read, and what is missing.

        Parameters
        ----------
        weeks
            Weeks whose missing days are listed, up to 60; the calendar of days shows 26 of them at most.

        Returns
        -------
        DataHealth
            Its table is the account of rows by file.

        """
        checked("data-health", weeks=weeks)
        return DataHealth(self._varied(whole=True), weeks)

    @property
    def _of_orders(self) -> tuple[pl.LazyFrame, ...]:
        """The orders of a part of the shop; nothing where it is the whole one."""
        return (self.data.tables["orders"],) if self.data.where else ()

    def actions(
        self, *, capacity_days: float = CAPACITY_DAYS, lever: str = ALWAYS, thresholds: Sequence[float] = ()
    ) -> Actions:
        """What to do, worth how much, hurting whom; and what each rule would have done on the shop's past.

        Parameters
        ----------
        capacity_days
            Days of one person that a week's actions may fill.
        lever
            The replayed rule whose curve is drawn first.
        thresholds
            What is tried of that rule, mildest first; empty tries its own.

        Returns
        -------
        Actions
            Its table as `advice.suggest.suggestions`; of the whole shop, also in a part of it.

        """
        checked("policy-and-service", capacity_days=capacity_days, lever=lever, thresholds=thresholds)
        chosen = {"rule": lever, "thresholds": tuple(thresholds)} if thresholds else {}
        return Actions(self._varied(whole=True, capacity_days=capacity_days, **chosen), lever)

    def decisions(self, *, weeks_after: int = MOST_AFTER, level: float = LEVEL, decision: str = "") -> Decisions:
        """Whether what was decided worked; ``shop.decisions()["D-1"]`` is one decision.

        Parameters
        ----------
        weeks_after
            Weeks after it that a decision is judged by, 4 to 26; a verdict needs four.
        level
            What share its intervals hold, 0.5 to 0.95.
        decision
            The id of the one that is drawn; empty draws the newest ones.

        Returns
        -------
        Decisions
            Its table as `advice.decisions.judged_decisions`; of the whole shop, also in a part of it.

        """
        checked("did-it-work", weeks_after=weeks_after, level=level)
        return Decisions(self._varied(whole=True, weeks_after=weeks_after, level=level), decision)

    def _varied(self, *, whole: bool = False, **options: Any) -> Report:
        data = self.data.only(whole=True) if whole else self.data
        return replace(self, data=data.varied(**options))

    def __repr__(self) -> str:
        part = f", only {self.data.where}" if self.data.where else ""
        return super().__repr__().replace("<Report", "<Shop").replace(">", f"{part}>")


def open(shop: str, *, week: str = "", language: str = "", where: str = "", config: str | None = None) -> Shop:
    """Open a shop's week: ``shop.<Tab>`` then lists its analyses.

    Results are computed when they are first asked for, once, and kept by version of the data, parameters and code.

    Parameters
    ----------
    shop
        An id of shops.toml.
    week
        Written 2026-W46; empty takes the last whole one.
    language
        zh or en; empty takes the shop's first.
    where
        A part of its orders, as `Shop.where` reads it.
    config
        The shops.toml; without it AFTERSALES_CONFIG, else the nearest one upwards.

    Raises
    ------
    UsageError
        For an unknown shop, week, language or filter.
    SetupError
        For a broken configuration.

    """
    report = load(shop, week, language, config=config)
    opened = Shop(report.data, report.language)
    return opened.where(where) if where else opened
