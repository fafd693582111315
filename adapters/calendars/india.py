"""Sessions of Mumbai's exchanges on Saturdays and Sundays, of which the library has none.

The facts are those of the exchanges' circulars.
"""

from __future__ import annotations

import datetime as dt

from adapters.calendars.rules import added

_WHOLE = (dt.time(9, 15), dt.time(15, 30))
_EVENING = (dt.time(18, 15), dt.time(19, 15))
# Half of the session from the first site, and half from the one that is kept for a disaster.
_DRILL = (dt.time(9, 15), dt.time(10), dt.time(11, 30), dt.time(12, 30))

weekends = added(
    {
        # The union's budgets, and the Saturday that took the place of a closed Monday.
        dt.date(2015, 2, 28): _WHOLE,
        dt.date(2020, 2, 1): _WHOLE,
        dt.date(2024, 1, 20): _WHOLE,
        dt.date(2025, 2, 1): _WHOLE,
        dt.date(2026, 2, 1): _WHOLE,
        # Diwali.
        dt.date(2013, 11, 3): (dt.time(18, 15), dt.time(19, 30)),
        dt.date(2016, 10, 30): (dt.time(18, 30), dt.time(19, 30)),
        dt.date(2019, 10, 27): _EVENING,
        dt.date(2020, 11, 14): _EVENING,
        dt.date(2023, 11, 12): _EVENING,
        dt.date(2024, 3, 2): _DRILL,
        dt.date(2024, 5, 18): _DRILL,
    }
)
