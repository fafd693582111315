"""Partitions as Parquet files."""
