"""Open lines of Bitrix24: what is said in a line's chats stands there too, and what an operator
writes there goes out.

`calls.py` holds all that is assumed of Bitrix24. `mirroring.py` writes down what is to be mirrored,
in the transaction of what caused it; `work.py` does it later, in the order of each chat;
`replies.py` sends what operators wrote.
"""
