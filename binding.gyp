{
  # BALLAST_STRICT=1 (our own builds) makes warnings errors; a user's compiler may know newer warnings.
  "variables": { "strict": "<!(echo ${BALLAST_STRICT:-0})" },
  "targets": [
    {
      "target_name": "ballast",
      "sources": ["<!@(cat native/sources.txt)"],
      "include_dirs": ["native"],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      # In a worker that is being terminated nothing can be thrown into JavaScript any more: without the last
      # one, a call that fails just then would end the whole process.
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      # Node's own; the build by CMake has not got it.
      "cflags!": ["-Wno-unused-parameter"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "<!@(pkg-config --cflags libvirt)"],
      "cflags_cc!": ["-std=gnu++14", "-std=gnu++17", "-std=gnu++20"],
      "libraries": ["<!@(pkg-config --libs libvirt)"],
      "conditions": [["strict==1", { "cflags_cc": ["-Werror"] }]]
    }
  ]
}
