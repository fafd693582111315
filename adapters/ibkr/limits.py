"""What Interactive Brokers allows, and what we make of it: the only place for such numbers.

Nothing here was tried against a live gateway. Source of the limits: IBKR's documentation of
pacing limitations and of historical bars, as read in 2025 and 2026; where experience of users is
meant, it says so.
"""

from __future__ import annotations

# Messages a second for the usual 100 market-data lines. What is sent in a second can arrive in
# less, so less is sent; history is never bounded by it.
ALLOWED_MESSAGES_PER_SECOND = 50
MESSAGES_PER_SECOND = 35

# Bars of 30 seconds and less, and every request for a head timestamp.
SMALL_BAR_SECONDS = 30
SECONDS_BETWEEN_IDENTICAL_REQUESTS = 15
SECONDS_OF_BURST, REQUESTS_PER_BURST = 2, 5
SECONDS_OF_PACING, REQUESTS_PER_PACING = 600, 60

# At most 50 historical requests may be open at once; a gateway serves few of them side by side
# (experience: three to six).
REQUESTS_IN_FLIGHT = 5
# So many answers are asked for that nobody has taken yet, so that memory stays bounded.
ANSWERS_AHEAD = 4 * REQUESTS_IN_FLIGHT
# So many that none waits long for its turn to be sent, and is taken for unanswered.
LOOKUPS_IN_FLIGHT = 20

# Five attempts in all. A wait after a pacing violation is exactly the one that is shown; the
# others double from the first, with jitter.
ATTEMPTS = 5
PACING_WAIT_SECONDS = 30
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0

# How long an answer may take. A gateway that is busy can take most of a minute for a month of
# minutes (experience: 8.8 s).
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0

# Waits are made of the above; a gateway that answers for a month of minutes gives 8,580 bars in one
# answer (experience), and two years of minutes make it close the connection.
BARS_PER_QUESTION = 8_000
# Fewer than make a year of months or weeks, which is the longest that is answered.
SESSIONS_PER_QUESTION = 220
YEARS_PER_QUESTION = 10
# How many trading days more a question reaches back that is to confirm that there are no bars.
CONTROL_SESSIONS = 5
# What IBKR's table of step sizes gives for bars of so many seconds.
SECONDS_PER_QUESTION = {1: 1_800, 5: 7_200, 10: 14_400, 15: 14_400, 30: 28_800}

# What is sent in good order can arrive bunched: so much may a message, or the reader of all
# messages, come late, and what arrives within a second still keeps to what is allowed.
SECONDS_OF_LATENESS = 0.5
MESSAGES_WITH_LATENESS = 45

# Cancels are sent even where nothing else is: Ctrl-C must not wait for a second to pass. So many
# above the numbers for other messages, all within what is allowed.
MESSAGES_KEPT_FOR_CANCELS = 5

# Where a process does not know what others send: several such processes together keep the limit.
MESSAGES_PER_SECOND_ALONE = 10

# What processes take that were not told a client ID; IBKR's own examples use small numbers.
FIRST_CLIENT_ID, LAST_CLIENT_ID = 101, 132

# The last bars of a session that has just ended may not be there yet (delayed data come a quarter
# of an hour later): for so long the end of its bars is not taken for the end of its trading.
SETTLING_SECONDS = 1_200

# A session of such bars that has nearly all of them and lacks so much in one piece is asked for
# once more, in so many sessions of a fetch; a thin market lacks bars everywhere.
HOLE_SECONDS, LONGEST_BAR_WITH_HOLES_SECONDS, NEARLY_ALL = 1_800, 300, 0.9
HOLES_ASKED_AGAIN = 5
