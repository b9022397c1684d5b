"""Writes anew which of onnx's node tests pass, and why the others do not. What passed must pass."""

import re
import sys
import traceback
from collections import Counter

from node_tests import PASSING, REFUSED, NodeTest, node_tests, passing, verdict


def main() -> int:
    """Run them all; with words as arguments, those whose names have one of them, and write nothing."""
    words = sys.argv[1:]
    tests = [t for name, t in node_tests().items() if not words or any(word in name for word in words)]
    verdicts = {test.name: _verdict(test) for test in tests}
    count = Counter((test.expanded, not verdicts[test.name]) for test in tests)
    refused = [f"{name}: {_one_line(reason)}" for name, reason in verdicts.items() if reason]
    print(f"{count[False, True]} of {count[False, True] + count[False, False]} tests of operators pass,", end=" ")
    print(f"{count[True, True]} of {count[True, True] + count[True, False]} of their functions")
    if words:
        print("\n".join(refused))
        return 0
    lost = [name for name in passing() if verdicts.get(name, "it is gone")]
    PASSING.write_text(
        "".join(f"{name}\n" for name in sorted({*passing(), *(n for n, v in verdicts.items() if not v)}))
    )
    REFUSED.write_text("".join(f"{line}\n" for line in refused))
    print("\n".join(f"{name} does not pass any more: {verdicts.get(name)}" for name in lost))
    return min(len(lost), 1)


def _verdict(test: NodeTest) -> str:
    try:
        return verdict(test)
    except Exception:  # a fault of ours: the others are still to be tried
        return "CRASH " + traceback.format_exc(limit=-1).replace("\n", " ")


def _one_line(reason: str) -> str:
    return re.sub(r"\s+", " ", reason)[:200]


if __name__ == "__main__":
    sys.exit(main())
