"""`python -m aot.cli` is the command `aot`."""

from aot.cli.main import main

main()
