"""`python -m shoptune.infer` is `shoptune infer`, for the environment that has vLLM."""

import sys

from shoptune.cli import main

main(["infer", *sys.argv[1:]])
