#pragma once
#include <stdint.h>

/// How often this process has asked for memory so far: malloc, calloc, realloc and their aligned kin.
uint64_t allocation_count(void);

/// Bytes that are allocated now, as glibc counts them, its own overhead included.
uint64_t allocated_bytes(void);
