# Pinned packages of npm in a folder of their own, which becomes the current one. Sourced after debian.sh, which has the
# rest: the temporary folder (debian_begin, or work_begin alone), cannot_check and changed.
#
#   npm_take PACKAGE@VERSION...     installs the packages and what they depend on into $work/npm, and goes there

npm_take() {
  command -v node npm >/dev/null || cannot_check "no Node or npm"
  mkdir -p "$work/npm"
  cd "$work/npm"
  # Without a manifest of its own npm would look for one in the folders above.
  echo '{ "private": true }' >package.json
  npm install --silent --no-audit --no-fund --no-save --ignore-scripts "$@" >npm.log 2>&1 ||
    cannot_check "npm has no $*: $(tail -n 1 npm.log)"
}
