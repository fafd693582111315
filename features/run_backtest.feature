Feature: Run Backtest with Cached Data
  A trader wants to run a backtest using previously fetched market data without waiting for new
  data downloads or dealing with connection setup.

  Scenario: 1.1 Bars of one instrument load from the Parquet catalog
    Given AAPL 1-minute bars exist in Parquet catalog for Jan 2024
    When user runs backtest for AAPL Jan 2024
    Then system loads data from Parquet and starts backtest immediately

  Scenario: 1.2 A portfolio needs no connection
    Given multiple instruments (AAPL, MSFT, GOOGL) exist in catalog
    When user runs portfolio backtest
    Then all data loads from Parquet without any IBKR connection required

  Scenario: 1.3 A year of bars
    Given 1 year of 1-minute bars exist in catalog
    When data is loaded
    Then system successfully retrieves all bars and proceeds with backtest
