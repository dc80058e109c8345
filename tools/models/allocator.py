"""Keeps freed memory in the process, so that forward passes do not fault it in again.

glibc gives the top of its heap back to the system whenever a few tens of megabytes of it are free.
A network frees that much after every layer and takes it again for the next; each page then has to
be faulted in and zeroed anew, which took a fifth of a forward pass of GPT-2 small on two cores.
"""

import ctypes
import functools
import os
import platform

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
_LARGEST = 32 << 20  # the largest block that glibc lets the heap hold
_KEPT = 1 << 30


@functools.cache
def keep_freed_memory() -> bool:
    """Lets the heap keep up to 1 GB of freed memory; True where that could be set.

    Done once a process. Whoever sets `MALLOC_TRIM_THRESHOLD_` in the environment is left alone,
    and so is every C library but glibc.
    """
    if "MALLOC_TRIM_THRESHOLD_" in os.environ or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP, _LARGEST)) and bool(mallopt(_TRIM, _KEPT))
