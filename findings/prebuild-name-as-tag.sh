#!/usr/bin/env bash
# prebuildify names a prebuilt addon after its package, and node-gyp-build takes that name for a tag: one of a package called
# uv-clock or abi-codec is never loaded.
#
# Versions:  prebuildify 6.0.1, node-gyp-build 4.8.4, and the addon that bufferutil 4.0.9 ships (npm; x86-64).
# Seen:      prebuildify --napi in a package of the name clock-uv writes prebuilds/linux-x64/clock-uv.node, which node-gyp-build
#            loads. From uv-clock the same addon comes out as uv-clock.node, and node-gyp-build says "No native build was found
#            for platform=linux arch=x64 ...": to it, what begins with uv is the major version of libuv, "-clock". So it is with
#            abi-codec (an ABI) and armv8-hash (an ARM version). Where the package has a scope the name is safe, and while there
#            is a build/Release of node-gyp rebuild, as on the author's machine, that one is loaded and nothing is amiss.
# Surprises: whoever names a package that way: it builds, its tests pass, and it fails for each user of the published
#            package. prebuildify's document has file names begin with the runtime (node.napi.uv1.node). Give --name,
#            and test with PREBUILDS_ONLY=1.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

if [ "$(uname -sm)" != 'Linux x86_64' ]; then cannot_check "the addon is x86-64's"; fi
work_begin
npm_take prebuildify@6.0.1 node-gyp-build@4.8.4 bufferutil@4.0.9

# In place of a compiler: an addon that is built already.
cat >node-gyp <<'SH'
#!/bin/sh
mkdir -p build/Release
cp ../../node_modules/bufferutil/prebuilds/linux-x64/bufferutil.node build/Release/addon.node
SH
chmod +x node-gyp

# load NAME: builds the package of that name, says which file came out, and whether it is loaded by itself and beside what
# node-gyp rebuild leaves in build/Release.
load() {
  local folder=packages/${1//\//+}
  mkdir -p "$folder"
  printf '{ "name": "%s", "version": "1.0.0" }\n' "$1" >"$folder/package.json"
  TMPDIR=$work node_modules/.bin/prebuildify --napi -t 20.0.0 --node-gyp "$PWD/node-gyp" --cwd "$PWD/$folder" \
    >build.log 2>&1 || cannot_check "prebuildify fails: $(tail -n 1 build.log)"
  (cd "$folder" && ../../node-gyp)
  echo "$1: $(ls "$folder/prebuilds/linux-x64"): $(PREBUILDS_ONLY=1 loaded "$folder"), $(PREBUILDS_ONLY= loaded "$folder")"
}
loaded() {
  node -p 'try { typeof require("node-gyp-build")(process.argv[1]).mask } catch (error) { error.message.slice(0, 25) }' \
    "$PWD/$1"
}

# expect NAME FILE LOADED: what is loaded of the prebuilt file alone.
expect() {
  local seen
  seen=$(load "$1")
  if [ "$seen" != "$1: $2: $3, function" ]; then changed "$1 comes out otherwise" "$seen"; fi
}
expect clock-uv clock-uv.node function
expect @uv/clock @uv+clock.node function
for name in uv-clock abi-codec armv8-hash; do
  expect "$name" "$name.node" 'No native build was found'
done

echo "as described: node-gyp-build 4.8.4 does not find what prebuildify 6.0.1 built for uv-clock, abi-codec and armv8-hash"
