#pragma once

#include <napi.h>

#include <optional>

#include "os/file_lock.h"

namespace ballast {

// The JS object that stands for a held lock: NativeFileLock in lib/addon/native.ts. Referenced until it is
// released, since a lock that the garbage collector could release would be none; the end of its environment
// (a worker that is terminated) releases it too.
class FileLockWrap : public Napi::ObjectWrap<FileLockWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Undefined when the lock is held already; throws what NativeFileError declares.
  static Napi::Value Lock(Napi::Env env, const Napi::FunctionReference& constructor, const std::string& path);
  static Napi::Value IsLocked(Napi::Env env, const std::string& path);

  // Takes an External of a FileLock: only Lock has one.
  explicit FileLockWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value GetFd(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);

  std::optional<FileLock> lock_;
};

}  // namespace ballast
