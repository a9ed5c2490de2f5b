#pragma once
#include <stddef.h>

// Bytes that `malloc` gave out and did not get back; glibc only.
size_t cm_allocated(void);
