Feature: Automatic Data Fetching on Missing Data
  A trader wants to run a backtest for a new instrument or date range that isn't yet in the local
  catalog, and have the system automatically fetch and persist the data for future use.

  Scenario: 2.1 What is missing is fetched, saved and used
    Given TSLA data is NOT in Parquet catalog and IBKR is connected
    When user runs backtest for TSLA
    Then system automatically fetches data from IBKR, saves to Parquet, and proceeds with backtest

  Scenario: 2.2 How far the fetch is
    Given data fetch is in progress
    When user is waiting
    Then system displays progress indicator showing "Fetching TSLA 1-minute bars from IBKR: 45% complete"

  Scenario: 2.3 What was fetched is not fetched again
    Given data is successfully fetched and persisted
    When same backtest runs again later
    Then system uses cached Parquet data without re-fetching

  Scenario: A gap in the middle is asked for alone
    Given TSLA data is in Parquet catalog but for the week of March 4
    When user runs backtest for TSLA
    Then IBKR is asked once, for "5 D" up to "20240308 21:00:00 UTC"
    And the Parquet catalog holds all bars that IBKR serves

  Scenario: A damaged day is fetched again
    Given data is successfully fetched and persisted
    And the file of March 6 is damaged
    When same backtest runs again later
    Then IBKR is asked once, for "23400 S" up to "20240306 21:00:00 UTC"
    And the Parquet catalog holds all bars that IBKR serves

  Scenario: Ctrl-C keeps the days that are finished, and the same command goes on from there
    Given data fetch is in progress
    When user cancels it with Ctrl-C
    Then it ends with exit code 130, and nothing of it stays open at IBKR
    And the Parquet catalog holds the first 20 days that IBKR serves
    And the same command fetches the other 24 days alone

  Scenario: With --offline nobody is asked
    Given TSLA data is NOT in Parquet catalog and IBKR is connected
    When user runs backtest for TSLA with --offline
    Then it ends with exit code 3: "Data not found for TSLA. Please connect to IBKR Gateway or import CSV data."
    And IBKR was not asked for anything

  Scenario: Everything that is held is brought up to date
    Given TSLA and MSFT data end on different days in Parquet catalog
    When user runs fetch --update
    Then both end with the last full session, and IBKR was asked for what was new alone

  Scenario: A session that is on is fetched as far as it got
    Given IBKR has bars of a market that never closes
    When user fetches them up to tomorrow
    Then all bars that IBKR has are held, and none that has not closed
    And a second fetch asks IBKR for the rest of today alone

  Scenario: Two instruments with one symbol
    Given IBKR knows BTC/USD at two venues
    When user fetches BTC/USD
    Then it ends with exit code 2, and both are named

  Scenario: Prices on another level are refused
    Given Parquet catalog holds TSLA data from a file, before a split of 4:1
    When user fetches the week after it
    Then it ends with exit code 2, and the ratio 0.25 (1:4) is told
    And the Parquet catalog holds what the file held

  Scenario: A backtest on another level is refused, and the command that settles it is shown
    Given Parquet catalog holds TSLA data from a file, before a split of 4:1
    When user runs a backtest that needs the week after it
    Then it ends with exit code 2, and the ratio 0.25 (1:4) is told
    And the command that is shown puts bars of IBKR in place of those of the file

  Scenario: Fetched prices go beside the held ones
    Given Parquet catalog holds TSLA data from a file, before a split of 4:1
    When user fetches the week after it with --keep held
    Then the Parquet catalog holds bars of the file and then of IBKR
    And a warning tells the ratio 0.25 (1:4)

  Scenario: Fetched prices take the place of the held ones
    Given Parquet catalog holds TSLA data from a file, before a split of 4:1
    When user fetches the week after it with --keep fetched
    Then the Parquet catalog holds bars of IBKR alone

  Scenario: Several instruments are fetched at once, in one view
    Given TSLA and MSFT data is NOT in Parquet catalog and IBKR is connected
    When user runs portfolio backtest for TSLA and MSFT at a terminal
    Then both are shown, one below the other
    And the Parquet catalog holds all bars that IBKR serves, of both

  Scenario: A disk that is too small
    Given IBKR is connected, and the disk has less room than the bars need
    When user runs backtest for TSLA
    Then it is refused before a bar is asked for, and the error says how much room is needed
