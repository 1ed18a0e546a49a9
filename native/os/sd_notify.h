#pragma once

#include <string>

namespace ballast {

// Sends one datagram to the Unix socket at `path`; '@' at its beginning stands for the zero byte of the
// abstract namespace, as in systemd's NOTIFY_SOCKET. Never waits: a receiver whose queue is full counts as a
// failure. Throws std::system_error.
void SdNotify(const std::string& path, const std::string& text);

}  // namespace ballast
