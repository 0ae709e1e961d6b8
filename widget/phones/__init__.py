"""What a typed phone is, and what is known about it from data on disk: region, operator, line type,
local time.

Knows no Flask, no storage and no messenger; nothing here costs a request.
"""
