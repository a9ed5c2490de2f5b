// One double at a time: the twin that the wide forms are compared with, and the form of other processors.
#include "CKernels.h"
#include "scalars.h"
#include <string.h>

#define CK_NAME(name) ck_##name##_portable
#define CK_LANES 1
typedef double ck_v;
typedef int ck_m;
static inline ck_v v_load(const double *p) { return *p; }
static inline void v_store(double *p, ck_v v) { *p = v; }
static inline ck_v v_set(double x) { return x; }
static inline ck_v v_add(ck_v a, ck_v b) { return a + b; }
static inline ck_v v_subtract(ck_v a, ck_v b) { return a - b; }
static inline ck_v v_multiply(ck_v a, ck_v b) { return a * b; }
static inline ck_v v_divide(ck_v a, ck_v b) { return a / b; }
static inline ck_v v_or(ck_v a, ck_v b) {
  uint64_t x, y;
  memcpy(&x, &a, 8);
  memcpy(&y, &b, 8);
  x |= y;
  memcpy(&a, &x, 8);
  return a;
}
static inline ck_v v_absolute(ck_v a) { return fabs(a); }
static inline ck_v v_negate(ck_v a) { return -a; }
static inline ck_m v_less(ck_v a, ck_v b) { return a < b; }
static inline ck_m v_greater(ck_v a, ck_v b) { return a > b; }
static inline ck_m v_not_above(ck_v a, ck_v b) { return a <= b; }
static inline ck_m v_equal(ck_v a, ck_v b) { return a == b; }
static inline ck_m v_differs(ck_v a, ck_v b) { return (a < b) | (a > b); }
static inline ck_v v_choose(ck_m m, ck_v a, ck_v b) { return m ? a : b; }
static inline uint64_t v_bits(ck_m m) { return (uint64_t)m; }

#include "columns.inc"
