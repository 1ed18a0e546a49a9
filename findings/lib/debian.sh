# Pinned Debian packages, taken apart into a temporary folder and run from there: nothing is installed, no root is
# needed, nothing outside the folder is written. Sourced by the findings.
#
#   debian_begin RELEASE            makes $work (removed at exit) and reads the mirror's list of RELEASE
#   debian_take PACKAGE=VERSION...  unpacks the packages and all that they depend on into $root
#   debian_take_alone PACKAGE=VERSION...  the same without what they depend on
#   "${loader[@]}" "$root/usr/bin/x"      runs a program with its own C library, whatever the machine has
#
# A version that the mirror has no longer ends the script with 2: neither confirmed nor refuted.

work=
children=()

work_clean() {
  local pid
  for pid in "${children[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if [ -n "$work" ]; then rm -rf "$work"; fi
}

cannot_check() {
  echo "cannot be checked here: $*" >&2
  exit 2
}

# changed WHAT SEEN: the behaviour that the header describes is no longer there.
changed() {
  echo "changed: $1" >&2
  printf 'seen:\n%s\n' "$2" >&2
  exit 1
}

# The temporary folder, for those that take nothing of Debian's too.
work_begin() {
  trap work_clean EXIT
  trap 'exit 130' INT TERM
  work=$(mktemp -d)
}

debian_begin() {
  local proxy=
  if ! command -v apt-get dpkg-deb >/dev/null; then cannot_check "no apt-get or dpkg-deb"; fi
  if [ "$(dpkg --print-architecture)" != amd64 ]; then cannot_check "the packages are amd64's"; fi
  work_begin
  root=$work/root
  mkdir -p "$work/lists/partial" "$work/debs/partial" "$root"
  : >"$work/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $1 main" \
    >"$work/sources.list"
  # The machine's own settings may hold hooks that touch its cache: only its proxy is taken over.
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  cat >"$work/apt.conf" <<CONF
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache::archives "$work/debs";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Debug::NoLocking "1";
APT::Sandbox::User "root";
APT::Install-Recommends "0";
Acquire::Languages "none";
${proxy:+Acquire::http::Proxy "$proxy";}
CONF
  export APT_CONFIG=$work/apt.conf LC_ALL=C.UTF-8
  apt-get -qq update || cannot_check "Debian's mirror does not answer"
}

debian_unpack() {
  local deb
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$root"; done
  rm -f "$work"/debs/*.deb
  loader=("$root/lib64/ld-linux-x86-64.so.2")
  if [ ! -e "${loader[0]}" ]; then loader=("$root/usr/lib64/ld-linux-x86-64.so.2"); fi
  loader+=(--library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu")
}

debian_take() {
  apt-get -qq install --download-only -y "$@" >/dev/null || cannot_check "the mirror has no $*"
  debian_unpack
}

debian_take_alone() {
  (cd "$work/debs" && apt-get -qq download "$@" >/dev/null) || cannot_check "the mirror has no $*"
  debian_unpack
}
