"""`python -m shoptune.sweep` is `shoptune sweep`, for the environment that has vLLM."""

import sys

from shoptune.cli import main

main(["sweep", *sys.argv[1:]])
