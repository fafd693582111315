Feature: Verify Data Availability Before Backtest
  A trader wants to check which date ranges are available in the catalog for specific instruments
  before deciding which backtests to run.

  Scenario: 5.1 What is available, without loading a bar
    Given catalog contains AAPL data for Jan-Mar 2024
    When user runs data check for AAPL
    Then system displays "Available: 2024-01-01 to 2024-03-31 (1-minute bars, 65 trading days)"

  Scenario: 5.2 Gaps of several instruments
    Given user checks multiple instruments
    When report is generated
    Then system shows gaps: "MSFT: Jan 1-15 ✓, Jan 16-31 ✗, Feb 1-28 ✓"

  Scenario: 5.3 What to do about gaps
    Given data check completes
    When user sees gaps
    Then message suggests: "Run backtest to auto-fetch missing data, or use: import-csv command"
