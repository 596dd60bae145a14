"""The service, locally: same protocol, draws slates, misbehaves to order.

It plays three parts: the server behind ``endpoint: preview``, the verb ``r2vbatch emulate``
for any client of the API, and the only test server of the project. So that a bug in our codec
is never mirrored here, it knows nothing of ``dashscope``, nor of ledger, take or batch; its
tables are its own reading of the service's documentation.

``Emulator`` lives in ``emulator.server``, ``Options`` and ``Fault`` in ``emulator.options``, a
child process in ``emulator.process``; nothing heavy is imported here.
"""
