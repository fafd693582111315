"""Backtests by Nautilus Trader; the only place that knows its classes."""
