Feature: Clear Error Messaging for Unavailable Data
  A trader wants to run a backtest but data is not in catalog and IBKR connection is unavailable,
  and needs clear guidance on how to resolve the situation.

  Scenario: 3.1 Neither the Parquet catalog nor IBKR
    Given NVDA data is NOT in catalog and IBKR is NOT connected
    When user runs backtest for NVDA
    Then system fails with message "Data not found for NVDA. Please connect to IBKR Gateway or import CSV data."

  Scenario: 3.2 The connection is lost
    Given IBKR connection fails mid-fetch
    When error occurs
    Then system displays "IBKR connection lost. Retry backtest after reconnecting, or use: docker compose up ibgateway"

  Scenario: 3.3 IBKR wants to be asked less often
    Given IBKR rate limit is exceeded
    When system is throttled
    Then user sees "IBKR rate limit reached. Retrying in 30 seconds... (attempt 2/5)" with option to cancel

  Scenario: A gateway that is not logged in accepts connections and says nothing
    Given NVDA data is NOT in catalog and the port of IBKR accepts but never answers
    When user runs backtest for NVDA
    Then system fails with message "Data not found for NVDA. Please connect to IBKR Gateway or import CSV data."

  Scenario: An instrument that IBKR does not know
    Given IBKR is connected, and knows no NVDA
    When user runs backtest for NVDA
    Then system fails with message "Data not found for NVDA. Please connect to IBKR Gateway or import CSV data."

  Scenario: A fetch needs a gateway
    Given NVDA data is NOT in catalog and IBKR is NOT connected
    When user fetches NVDA
    Then it ends with exit code 6: "No IBKR Gateway can be reached at 127.0.0.1"

  Scenario: What is held needs no gateway
    Given NVDA data is in catalog but for an hour, and IBKR is NOT connected
    When user runs backtest for NVDA
    Then backtest runs, and a warning names the hour

  Scenario Outline: However the connection is lost, finished days stay and the same command goes on
    Given <loss> mid-fetch
    When error occurs
    Then system displays "IBKR connection lost. Retry backtest after reconnecting, or use: docker compose up ibgateway"
    And the Parquet catalog holds the first 20 days that IBKR serves
    And the same command fetches the other 24 days alone

    Examples:
      | loss                        |
      | IBKR hangs up               |
      | IBKR breaks off in a frame  |
      | IBKR says no more           |
      | IBKR loses its own servers  |
      | IBKR Gateway ends           |

  Scenario: A wait for IBKR is cancelled, and nothing is half-written
    Given IBKR rate limit is exceeded
    When system is throttled
    And user cancels it with Ctrl-C
    Then it ends with exit code 130, and nothing of it stays open at IBKR
    And the Parquet catalog holds the first 20 days that IBKR serves

  Scenario: The fetch goes on once the wait is over
    Given IBKR rate limit is exceeded for a moment
    When user runs backtest for TSLA
    Then the fetch has waited, and gone on to its end
