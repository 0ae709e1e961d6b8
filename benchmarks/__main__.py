"""`make bench`: every table."""

from benchmarks.card import main

main()
