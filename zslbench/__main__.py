"""``python -m zslbench``: the command line."""

from zslbench.cli import main

main()
