"""The machine's own clock and user."""
