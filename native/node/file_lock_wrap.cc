#include "node/file_lock_wrap.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace ballast {
namespace {

// With the fields of an error of Node's own `fs`, as far as they help.
Napi::Error ToJsFileError(Napi::Env env, const std::string& path, const std::system_error& failure) {
  const Napi::Error error = Napi::Error::New(env, path + ": " + failure.what());
  Napi::Object js = error.Value();
  js["errno"] = -failure.code().value();  // negative, as Node has it: util.getSystemErrorName() takes it
  js["path"] = path;
  return error;
}

}  // namespace

Napi::Function FileLockWrap::Define(Napi::Env env) {
  return DefineClass(env, "NativeFileLock",
                     {
                         InstanceAccessor<&FileLockWrap::GetFd>("fd"),
                         InstanceMethod<&FileLockWrap::Release>("release"),
                     });
}

Napi::Value FileLockWrap::Lock(Napi::Env env, const Napi::FunctionReference& constructor,
                               const std::string& path) {
  try {
    std::optional<FileLock> lock = FileLock::Acquire(path);
    if (!lock) return env.Undefined();
    return constructor.New({Napi::External<FileLock>::New(env, &*lock)});
  } catch (const std::system_error& failure) {
    throw ToJsFileError(env, path, failure);
  }
}

Napi::Value FileLockWrap::IsLocked(Napi::Env env, const std::string& path) {
  try {
    return Napi::Boolean::New(env, IsFileLocked(path));
  } catch (const std::system_error& failure) {
    throw ToJsFileError(env, path, failure);
  }
}

FileLockWrap::FileLockWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "NativeFileLock is made by lockFile()");
  lock_ = std::move(*info[0].As<Napi::External<FileLock>>().Data());
  Ref();
}

Napi::Value FileLockWrap::GetFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), lock_ ? lock_->fd() : -1);
}

Napi::Value FileLockWrap::Release(const Napi::CallbackInfo& info) {
  if (!lock_) return info.Env().Undefined();
  lock_.reset();
  Unref();
  return info.Env().Undefined();
}

}  // namespace ballast
