"""Work for later: a queue that wakes, and what is done by the clock. What there is to do stands in
SQL."""
