"""Bars and instruments from Interactive Brokers, by ib_async."""
