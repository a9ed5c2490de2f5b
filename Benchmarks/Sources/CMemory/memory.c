#include "CMemory.h"

#include <malloc.h>

size_t cm_allocated(void) {
  struct mallinfo2 all = mallinfo2();
  return all.uordblks + all.hblkhd;
}
