#pragma once

namespace ballast {

// One-time initialization of libvirt in this process: the library itself, an error handler that prints
// nothing (errors reach the caller as values) and an event loop in a thread of its own, which keepalive and
// events need. The loop runs until the process ends; while it fails it is retried with growing pauses, and
// that is printed once.
void InitLibvirt();

}  // namespace ballast
