"""`python -m shoptune.infer.server ARGUMENTS` is `vllm serve ARGUMENTS`, for the environment that has vLLM."""

import sys

from vllm.entrypoints.cli.main import main

if __name__ == "__main__":
    sys.argv[:] = ["vllm", "serve", *sys.argv[1:]]
    main()
