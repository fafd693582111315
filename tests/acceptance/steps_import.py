"""Steps of features/import_csv.feature."""
