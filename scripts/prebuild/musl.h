// Included before each source that is compiled for musl with Debian's headers of libstdc++, which were configured for glibc.
// Nothing here is in the ABI of what the addon uses of libstdc++: test/prebuilds sees that it uses no locale.
#pragma once

#define __GLIBC_PREREQ(major, minor) 0
#define __locale_t locale_t
// Weak references are for programs that may come without threads.
#define _GLIBCXX_GTHREAD_USE_WEAK 0

#include <bits/c++config.h>

// musl has not got them.
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK

// glibc's classes of characters, which <locale> names and nobody asks for.
enum {
  _ISupper = 1 << 0,
  _ISlower = 1 << 1,
  _ISalpha = 1 << 2,
  _ISdigit = 1 << 3,
  _ISxdigit = 1 << 4,
  _ISspace = 1 << 5,
  _ISprint = 1 << 6,
  _IScntrl = 1 << 7,
  _ISpunct = 1 << 8,
  _ISblank = 1 << 9,
};
