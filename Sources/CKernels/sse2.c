// Two doubles at a time: what every x86-64 has.
#include "CKernels.h"

#if defined(__x86_64__)
#include <emmintrin.h>

#define CK_NAME(name) ck_##name##_sse2
#define CK_LANES 2
typedef __m128d ck_v;
typedef __m128d ck_m;
static inline ck_v v_load(const double *p) { return _mm_loadu_pd(p); }
static inline void v_store(double *p, ck_v v) { _mm_storeu_pd(p, v); }
static inline ck_v v_set(double x) { return _mm_set1_pd(x); }
static inline ck_v v_add(ck_v a, ck_v b) { return _mm_add_pd(a, b); }
static inline ck_v v_subtract(ck_v a, ck_v b) { return _mm_sub_pd(a, b); }
static inline ck_v v_multiply(ck_v a, ck_v b) { return _mm_mul_pd(a, b); }
static inline ck_v v_divide(ck_v a, ck_v b) { return _mm_div_pd(a, b); }
static inline ck_v v_or(ck_v a, ck_v b) { return _mm_or_pd(a, b); }
static inline ck_v v_absolute(ck_v a) { return _mm_andnot_pd(_mm_set1_pd(-0.0), a); }
static inline ck_v v_negate(ck_v a) { return _mm_xor_pd(a, _mm_set1_pd(-0.0)); }
static inline ck_m v_less(ck_v a, ck_v b) { return _mm_cmplt_pd(a, b); }
static inline ck_m v_greater(ck_v a, ck_v b) { return _mm_cmpgt_pd(a, b); }
static inline ck_m v_not_above(ck_v a, ck_v b) { return _mm_cmple_pd(a, b); }
static inline ck_m v_equal(ck_v a, ck_v b) { return _mm_cmpeq_pd(a, b); }
static inline ck_m v_differs(ck_v a, ck_v b) { return _mm_or_pd(_mm_cmplt_pd(a, b), _mm_cmpgt_pd(a, b)); }
static inline ck_v v_choose(ck_m m, ck_v a, ck_v b) { return _mm_or_pd(_mm_and_pd(m, a), _mm_andnot_pd(m, b)); }
static inline uint64_t v_bits(ck_m m) { return (uint64_t)(unsigned)_mm_movemask_pd(m); }

#include "columns.inc"
#endif
