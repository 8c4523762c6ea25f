"""`python -m shoptune.train` is `shoptune train`, for the environment that has axolotl."""

import sys

from shoptune.cli import main

main(["train", *sys.argv[1:]])
