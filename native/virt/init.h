#pragma once

namespace ballast {

// Readies libvirt for this process, once: the library itself, an error handler that prints nothing (errors
// reach the caller as values) and an event loop in a thread of its own, without which there is neither
// keepalive nor any event. The loop runs until the process ends.
void InitLibvirt();

}  // namespace ballast
