Feature: Import CSV Data Directly to Parquet
  A trader has historical market data in CSV format and wants to import it directly into the
  Parquet catalog for use in backtests, without involving PostgreSQL.

  Scenario: 4.1 A file becomes Parquet files
    Given user has AAPL_2023.csv file
    When user runs import command
    Then data is validated and written directly to Parquet catalog at ./data/catalog/AAPL.NASDAQ/1_MIN/2023-*.parquet

  Scenario: 4.2 Invalid data
    Given CSV contains invalid data (missing timestamps, negative prices)
    When import is attempted
    Then validation fails with clear error message indicating specific row and issue

  Scenario: 4.3 Data that overlaps
    Given CSV data overlaps with existing Parquet data
    When import is attempted
    Then system prompts user to either skip, overwrite, or merge the data

  Scenario: A backtest runs on what was imported
    Given user has a file of one-minute bars
    When user runs import command
    Then a backtest with that data runs

  Scenario: A dry run shows what would be written, and writes nothing
    Given user has AAPL_2023.csv file
    When user runs import command with --dry-run
    Then 97,140 bars in 250 partitions are announced
    And there is no Parquet catalog

  Scenario: A dry run shows what each choice would do to held bars, and does none
    Given CSV data overlaps with existing Parquet data
    When user runs import command with --dry-run
    Then the counts of each choice are shown, on the whole and by day
    And the Parquet catalog is as it was

  Scenario Outline: The user chooses at the prompt
    Given CSV data overlaps with existing Parquet data
    When import is attempted
    And user answers <answers>
    Then <written> bars are written, <skipped> skipped, <replaced> replaced and <removed> removed
    And the Parquet catalog holds what <choice> leaves
    And the ledger tells of the import and of what it replaced

    Examples:
      | choice    | answers       | written | skipped | replaced | removed |
      | skip      | skip          | 12      | 6       | 0        | 0       |
      | overwrite | overwrite, y  | 16      | 2       | 4        | 4       |
      | merge     | merge         | 16      | 2       | 4        | 0       |

  Scenario Outline: The choice is named where nobody can be asked
    Given CSV data overlaps with existing Parquet data
    When user runs import command with <options>
    Then <written> bars are written, <skipped> skipped, <replaced> replaced and <removed> removed
    And the Parquet catalog holds what <choice> leaves
    And the ledger tells of the import and of what it replaced

    Examples:
      | choice    | options                       | written | skipped | replaced | removed |
      | skip      | --on-conflict skip            | 12      | 6       | 0        | 0       |
      | overwrite | --on-conflict overwrite --yes | 16      | 2       | 4        | 4       |
      | merge     | --on-conflict merge           | 16      | 2       | 4        | 0       |

  Scenario: Where nobody can be asked, the choice must be named
    Given CSV data overlaps with existing Parquet data
    When user runs import command
    Then import is refused, and the error names --on-conflict skip, overwrite and merge
    And the Parquet catalog is as it was

  Scenario: Bars do not vanish without a yes
    Given CSV data overlaps with existing Parquet data
    When user runs import command with --on-conflict overwrite
    Then import is refused, and the error says that 4 held bars would be removed
    And the Parquet catalog is as it was

  Scenario: The user is asked before bars vanish, and says no
    Given CSV data overlaps with existing Parquet data
    When import is attempted
    And user answers overwrite, n
    Then import is refused, and the error says that 4 held bars would be removed
    And the Parquet catalog is as it was

  Scenario: The user leaves at the prompt with Ctrl-C
    Given CSV data overlaps with existing Parquet data
    When import is attempted
    And user presses Ctrl-C
    Then import is cancelled
    And the Parquet catalog is as it was

  Scenario: The same file again is no conflict
    Given user has a file of one-minute bars
    And user has imported it
    When user runs import command
    Then 0 bars are written, 60 skipped, 0 replaced and 0 removed
    And the Parquet catalog is as it was

  Scenario: A file that runs newest first
    Given user has a file that runs newest first
    When user runs import command
    Then the Parquet catalog holds the bars of the file, oldest first

  Scenario: Stamps without a zone
    Given user has a file whose stamps name no zone
    When user runs import command
    Then import is refused, and the error shows one command for exchange time and one for UTC
    And there is no Parquet catalog

  Scenario Outline: Each of the two commands works as it is shown
    Given user has a file whose stamps name no zone
    When user runs import command
    And user runs the command shown for <time>
    Then the first bar opens at <instant>

    Examples:
      | time          | instant              |
      | exchange time | 2024-01-03T14:30:00Z |
      | UTC           | 2024-01-03T09:30:00Z |

  Scenario Outline: Files as they come
    Given user has a file <form>
    When user runs import command
    Then the Parquet catalog holds the bars of the file, oldest first

    Examples:
      | form                                       |
      | compressed with gzip                       |
      | compressed with zstd                       |
      | on standard input                          |
      | compressed on standard input               |
      | from a German spreadsheet                  |
      | with date and time in columns of their own |
      | with stamps in milliseconds since 1970     |
      | without a header                           |
      | in two parts, named by a pattern           |

  Scenario: Many problems
    Given user has a file with 30 negative volumes
    When user runs import command with --errors problems.csv
    Then the first 20 problems are shown, and problems.csv lists all 30
    And there is no Parquet catalog

  Scenario: What is suspicious and legal
    Given user has a file with a jump like a split
    When user runs import command
    Then a warning names the line of the jump
    And the Parquet catalog holds the bars of the file, oldest first

  Scenario: Stamps of closes
    Given user has a file whose stamps are the close of each bar
    When user runs import command with --stamp close
    Then the first bar opens at 2024-01-03T14:30:00Z

  Scenario: Bars that do not lie on the grid of the bar type
    Given user has a file of one-minute bars
    When user runs import command with --bar-type 5_MIN
    Then every stamp off the grid of five minutes is named with its line
    And there is no Parquet catalog

  Scenario: The hour that daylight saving repeats
    Given user has a file of the night on which clocks go back
    When user runs import command
    Then import is refused, and the row of 01:30 is named, with --dst as the way out
    And there is no Parquet catalog

  Scenario Outline: The hour that daylight saving repeats, and which of the two is said
    Given user has a file of the night on which clocks go back
    When user runs import command with --dst <which>
    Then the first bar opens at <instant>

    Examples:
      | which   | instant              |
      | earlier | 2023-11-05T05:30:00Z |
      | later   | 2023-11-05T06:30:00Z |
