"""`python -m shoptune.quantize` is `shoptune quantize`, for the environment that has AutoAWQ."""

import sys

from shoptune.cli import main

main(["quantize", *sys.argv[1:]])
