"""When venues trade, by pandas_market_calendars and small calendars of our own."""
