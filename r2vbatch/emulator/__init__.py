"""The service, locally: same protocol, draws slates, misbehaves to order.

It plays three parts: the server behind ``endpoint: preview``, the verb ``r2vbatch emulate``
for any client of the API, and the only test server of the project. So that a bug in our codec
is never mirrored here, it knows nothing of ``dashscope``, nor of ledger, take or batch; its
tables are its own reading of the service's documentation.

The rooms, by what happens to a request::

    server  incoming  wire             it comes in, is answered, or is cut off on order
    checks  parameters  models  ask    what it asks for, and what is refused at once
    service  counting                  accounts, queues, limits: the state, and its laws
    runner  renderer  slate/           a task runs, and a clip is drawn
    references  media  storage  objects    the files it names, uploads, links
    answers  listing  refusals         what is said, and how
    options  readings  faults  script  zones    every switch, every fault to order
    command  switchboard  process      as a verb, as a program, as somebody's child

``Emulator`` lives in ``emulator.server``, ``Options`` in ``emulator.options``, ``Fault`` in
``emulator.faults``, a child process in ``emulator.process``; nothing heavy is imported here.
"""
