"""A second, separate program: a simulated Bitrix24 portal and simulated gateways over real sockets.

The demo, the browser tests and the benchmarks run against it. Nothing in `widget/` imports it.
"""
