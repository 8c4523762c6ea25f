# Sourced by the other scripts: finds uv, or installs it, and passes on where pip is configured to look for wheels.
# Sets UV, the command, and UV_SOURCES, its options.

UV=$(command -v uv || true)
if [[ -z "$UV" ]]; then
  UV=$PWD/.uv/bin/uv
  if [[ ! -x "$UV" ]]; then
    echo "setup: uv is missing, installing it into .uv" >&2
    python3 -m pip install --quiet --disable-pip-version-check --target .uv uv
  fi
fi

# uv does not read pip's configuration. Only places for wheels and the main index are passed on: with a further index uv
# would take a package from the first that has it, in whatever version.
pip_setting() { python3 -m pip config get "global.$1" 2>/dev/null || true; }
UV_SOURCES=()
for place in ${PIP_FIND_LINKS:-$(pip_setting find-links)}; do UV_SOURCES+=(--find-links "$place"); done
index=${PIP_INDEX_URL:-$(pip_setting index-url)}
if [[ -n "$index" && -z "${UV_DEFAULT_INDEX:-}" ]]; then UV_SOURCES+=(--default-index "$index"); fi
if [[ -n "${PIP_CERT:-}" ]]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}; fi
