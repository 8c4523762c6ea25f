"""`python -m shoptune.merge` is `shoptune merge`, for the environment that has bitsandbytes."""

import sys

from shoptune.cli import main

main(["merge", *sys.argv[1:]])
