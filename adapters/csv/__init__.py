"""Files of bars with comma-separated values."""
