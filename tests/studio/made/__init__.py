"""The run that the studio's tests look at: each module's `make(run, examples)` adds the artifacts of one page."""
