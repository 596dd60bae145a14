"""The life of one take as one straight coroutine: submit, watch, fetch, verify, publish.

What the rooms here hand each other is the take's row as the ledger has it; each step begins
with the state it finds, so a take is taken up where an earlier run left it. A take that failed
is an outcome in the ledger; an exception through here means that the batch must stop.
"""

from r2vbatch.take.life import live
from r2vbatch.take.means import Means, Spending, Wanted
from r2vbatch.take.posting import Posting
from r2vbatch.take.slots import Slots
from r2vbatch.take.stop import Stop

__all__ = ["Means", "Posting", "Slots", "Spending", "Stop", "Wanted", "live"]
