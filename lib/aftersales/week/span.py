"""Which days a shop's week looks at: what all groups of results share."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aftersales.words.periods import Week

if TYPE_CHECKING:
    from aftersales.sources.settings import Shop
    from aftersales.week.options import Options
    from aftersales.week.tables import Tables

WEEKS_BACK = 60  # a year, and what the year before is compared with
QUARTER_WEEKS = 12  # places, reasons and verdicts are small: a quarter is looked at together
HALF_YEAR_WEEKS = 26


class Span:
    """The week and the days it looks back to."""

    shop: Shop
    week: Week
    tables: Tables
    options: Options

    @property
    def until(self) -> date:
        """The last day that counts: the week's Sunday."""
        return self.week.sunday

    @property
    def since(self) -> date:
        """The first day that weekly charts look back to."""
        return self.week.shift(1 - WEEKS_BACK).monday

    @property
    def half_year(self) -> date:
        """The Monday twenty-six weeks back, the report's week included."""
        return self.week.shift(1 - HALF_YEAR_WEEKS).monday

    @property
    def quarter(self) -> date:
        """The Monday twelve weeks back, the report's week included."""
        return self.week.shift(1 - QUARTER_WEEKS).monday
