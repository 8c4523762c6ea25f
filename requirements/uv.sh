# Sourced by the other scripts. Finds uv (or installs it), detects the kind of machine, and selects the sources of wheels.
# Sets UV. Functions: machine_kind, resolve_options, check_build, extras_of, fail.

fail() { # WHAT REMEDY
  echo "error: $1; $2" >&2
  exit 2
}

UV=$(command -v uv || true)
if [[ -z "$UV" ]]; then
  UV=$PWD/.uv/bin/uv
  if [[ ! -x "$UV" ]]; then
    echo "setup: uv is missing, installing it into .uv" >&2
    python3 -m pip install --quiet --disable-pip-version-check --target .uv uv
  fi
fi
if [[ -n "${PIP_CERT:-}" ]]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}; fi

# The page with torch's CPU build, which lists nothing but torch. `uv --torch-backend cpu` would also take triton, torchao
# and xformers from PyTorch's index, although the locks pin the versions of the public index, and its address is fixed.
TORCH_CPU_WHEELS=${TORCH_CPU_WHEELS:-https://download.pytorch.org/whl/cpu/torch/}

machine_kind() { # [KIND]: prints gpu or cpu
  case ${1:-} in
    cpu | gpu) echo "$1" ;;
    "") if nvidia-smi >/dev/null 2>&1; then echo gpu; else echo cpu; fi ;;
    *) fail "KIND: unknown kind of machine '$1'" "choose cpu or gpu" ;;
  esac
}

# uv does not read pip's configuration. Only its folders of wheels and its main index are passed on: with additional
# indexes, uv would take a package from the first index that has it, in any version.
pip_setting() { # KEY, of what PIP_SETTINGS holds: lines such as global.find-links='/a /b'
  sed -n "s/^\(global\|install\)\.$1=['\"]\(.*\)['\"]\$/\2/p" <<<"$PIP_SETTINGS" | sed 's/\\n/ /g'
}

offers_cpu_torch() { # PLACE, a folder or the address of a page
  local version
  version=$(grep --only-matching '"torch==[0-9.]*' pyproject.toml | sort -u | cut -d= -f3)
  if [[ "$1" == http*://* ]]; then
    python3 - "$1" "torch-$version+cpu-" <<'PYTHON'
import sys, urllib.parse, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=30).read().decode()
sys.exit(sys.argv[2] not in urllib.parse.unquote(page))
PYTHON
  else
    compgen -G "${1#file://}/torch-$version+cpu-*.whl" >/dev/null
  fi
}

# resolve_options KIND: sets OPTIONS, the options with which uv resolves and installs locks of that kind.
# gpu: the public index (or its configured mirror) and nothing else, since a folder of wheels might offer a CPU build.
# cpu: also the configured folders of wheels, and PyTorch's page unless one of the folders has torch's CPU build.
resolve_options() {
  local index places place offered=
  OPTIONS=()
  PIP_SETTINGS=$(python3 -m pip config list 2>/dev/null || true)
  index=${PIP_INDEX_URL:-$(pip_setting index-url)}
  if [[ -n "$index" && -z "${UV_DEFAULT_INDEX:-}" ]]; then OPTIONS+=(--default-index "$index"); fi
  places=${PIP_FIND_LINKS:-$(pip_setting find-links)}
  places+=" ${UV_FIND_LINKS:-}"
  places=${places//,/ }
  unset UV_FIND_LINKS UV_TORCH_BACKEND
  if [[ "$1" == gpu ]]; then return; fi
  for place in $places; do
    OPTIONS+=(--find-links "$place")
    if offers_cpu_torch "$place" 2>/dev/null; then offered=yes; fi
  done
  if [[ -z "$offered" ]]; then OPTIONS+=(--find-links "$TORCH_CPU_WHEELS"); fi
  OPTIONS+=(--override requirements/cpu/overrides.txt)
}

check_build() { # KIND LOCK: a lock with the other kind's torch is refused
  local kind=$1 lock=$2 torch
  [[ -f "$lock" ]] || fail "$lock: no such lock" "run \`make locks\`"
  torch=$(grep '^torch==' "$lock" || true)
  [[ -n "$torch" ]] || fail "$lock: does not contain torch" "run \`make locks\`"
  if [[ "$kind" == cpu && "$torch" != *+cpu ]]; then
    fail "$lock: has $torch, not its CPU build" "run \`make locks\`, or set KIND=gpu"
  elif [[ "$kind" == gpu && "$torch" == *+* ]]; then
    fail "$lock: has $torch, which the public index does not offer" "run \`make locks\`, or set KIND=cpu"
  fi
}

extras_of() { # KIND LOCK-NAME: prints pyproject.toml's extras that a lock is resolved from
  case $2 in
    infer) echo "infer-$1" ;;
    infer-search) echo "infer-$1 search" ;;
    infer-ray) echo "infer-$1 ray" ;;
    core-dev) echo "core dev" ;;
    core-ray) echo "core ray" ;;
    *) echo "$2" ;;
  esac
}
