"""What the widget costs and how fast it answers, beside what it could be: `python -m benchmarks`
(`make bench`)."""
