#!/usr/bin/env bash
# cmake-js takes -DNAME=VALUE, which is how CMake is told, as a row of its own one-letter options: a debug build without NAME.
#
# Versions:  cmake-js 8.0.0 (npm).
# Seen:      cmake-js print-configure -DBAR=1 prints a command with CMAKE_BUILD_TYPE=Debug and without BAR, and ends with 0;
#            without an argument it is Release. -D is its --debug, and the other letters are options too: -DENABLE_LTO=1 sets
#            --out as well, so that the build goes to a folder called 1. Its help names --CD, a "custom argument passed to
#            CMake in format: -D<your-arg-here>", but --CD BAR=1 and --CD=BAR=1 pass nothing and say nothing. What works is
#            --CDBAR=1 in one word, which only the text of its README tells.
# Surprises: whoever moves from cmake to cmake-js, or passes an option of a CMakeLists.txt on from a script: it builds, the
#            option has its default, and the addon that is shipped is an unoptimised one.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

work_begin
npm_take cmake-js@8.0.0
mkdir addon
echo '{ "name": "addon", "version": "1.0.0", "binary": { "napi_versions": [8] } }' >addon/package.json
echo 'project(addon)' >addon/CMakeLists.txt

# command_for ARGUMENT...: the command of CMake that the arguments lead to, in one line.
command_for() {
  node_modules/.bin/cmake-js print-configure -d addon "$@" 2>log | tr '\n' ' '
}

command_for >command || cannot_check "cmake-js has no cmake: $(tail -n 1 log)"
help=$(node_modules/.bin/cmake-js --help | tr -s '[:space:]' ' ')
grep -q -- '--CD Custom argument passed to CMake in format: -D<your-arg-here>' <<<"$help" ||
  changed "the help says otherwise" "$help"

# expect TYPE BAR ARGUMENT...: the type of the build, and how often BAR is given.
expect() {
  local seen type=$1 times=$2
  shift 2
  seen=$(command_for "$@") || changed "cmake-js $* fails" "$(cat log)"
  grep -q -- "-DCMAKE_BUILD_TYPE=$type'" <<<"$seen" || changed "cmake-js $* is no $type build" "$seen"
  if [ "$(grep -o -- '-DBAR=1' <<<"$seen" | wc -l)" != "$times" ]; then changed "cmake-js $*: BAR is given otherwise" "$seen"; fi
}
expect Release 0
expect Release 1 --CDBAR=1
expect Debug 0 -DBAR=1
expect Release 0 --CD BAR=1
expect Release 0 --CD=BAR=1
expect Debug 0 -DENABLE_LTO=1
seen=$(command_for -DENABLE_LTO=1)
grep -Eq "LIBRARY_OUTPUT_DIRECTORY=[^ ]*/1/Debug'" <<<"$seen" || changed "-DENABLE_LTO=1 sets no folder" "$seen"

echo "as described: cmake-js 8.0.0 -DBAR=1 makes a debug build without BAR, and --CD BAR=1 passes nothing"
