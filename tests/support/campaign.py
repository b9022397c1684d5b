"""Many attempts at what damage may do: each has a time, and all have an address space; a fault is a line of JSON."""

import faulthandler
import json
import os
import resource
import signal
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable

_MOST_FAULTS = 100  # which an exit code can say
_PATIENCE = 10  # how much longer than its time of a processor an attempt may last


class TooLong(BaseException):
    """No `Exception`, which what is tried might catch."""


def parser(doc: str | None) -> ArgumentParser:
    """The options that all campaigns have."""
    made = ArgumentParser(description=doc)
    made.add_argument("--first", type=int, default=0)
    made.add_argument("--count", type=int, default=1000)
    return made


def run(args: Namespace, attempt: Callable[[int], str], seconds: float, memory_bytes: int) -> int:
    """Call `attempt` with each seed; count the words it returns. The number of faults is the exit code.

    An attempt may take `seconds` of a processor; one that neither ends then nor much later ends the process.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
    signal.signal(signal.SIGPROF, _stop)
    seen: Counter[str] = Counter()
    slowest = 0.0
    for seed in range(args.first, args.first + args.count):
        faulthandler.dump_traceback_later(_PATIENCE * seconds, exit=True)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        started = time.process_time()
        try:
            seen[attempt(seed)] += 1
        except (Exception, TooLong) as error:
            seen["faults"] += 1
            where = traceback.format_exc(limit=-3).splitlines()
            print(json.dumps({"seed": seed, "error": repr(error)[:2500], "where": where}), flush=True)
        slowest = max(slowest, time.process_time() - started)
    signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**seen, "slowest_seconds": round(slowest, 2), "peak_mib": peak, "pid": os.getpid()}))
    return min(seen["faults"], _MOST_FAULTS)


def _stop(number: int, frame: object) -> None:
    raise TooLong("took too long")
