"""Every port, kept in memory: for tests, and as the smallest whole example of each."""
