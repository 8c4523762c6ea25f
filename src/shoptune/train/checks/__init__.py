"""The checks of `shoptune train --check`, which run in the environment that has axolotl."""
