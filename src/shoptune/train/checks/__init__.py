"""What `shoptune train --check` finds out before anything is trained, in the environment that has axolotl."""
