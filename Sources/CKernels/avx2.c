// Four doubles at a time.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))), apply_to = function)

#define CK_NAME(name) ck_##name##_avx2
#define CK_LANES 4
typedef __m256d ck_v;
typedef __m256d ck_m;
static inline ck_v v_load(const double *p) { return _mm256_loadu_pd(p); }
static inline void v_store(double *p, ck_v v) { _mm256_storeu_pd(p, v); }
static inline ck_v v_set(double x) { return _mm256_set1_pd(x); }
static inline ck_v v_add(ck_v a, ck_v b) { return _mm256_add_pd(a, b); }
static inline ck_v v_subtract(ck_v a, ck_v b) { return _mm256_sub_pd(a, b); }
static inline ck_v v_multiply(ck_v a, ck_v b) { return _mm256_mul_pd(a, b); }
static inline ck_v v_divide(ck_v a, ck_v b) { return _mm256_div_pd(a, b); }
static inline ck_v v_or(ck_v a, ck_v b) { return _mm256_or_pd(a, b); }
static inline ck_v v_absolute(ck_v a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
static inline ck_v v_negate(ck_v a) { return _mm256_xor_pd(a, _mm256_set1_pd(-0.0)); }
static inline ck_m v_less(ck_v a, ck_v b) { return _mm256_cmp_pd(a, b, _CMP_LT_OQ); }
static inline ck_m v_greater(ck_v a, ck_v b) { return _mm256_cmp_pd(a, b, _CMP_GT_OQ); }
static inline ck_m v_not_above(ck_v a, ck_v b) { return _mm256_cmp_pd(a, b, _CMP_LE_OQ); }
static inline ck_m v_equal(ck_v a, ck_v b) { return _mm256_cmp_pd(a, b, _CMP_EQ_OQ); }
static inline ck_m v_differs(ck_v a, ck_v b) { return _mm256_cmp_pd(a, b, _CMP_NEQ_OQ); }
static inline ck_v v_choose(ck_m m, ck_v a, ck_v b) { return _mm256_blendv_pd(b, a, m); }
static inline uint64_t v_bits(ck_m m) { return (uint64_t)(unsigned)_mm256_movemask_pd(m); }

#define CK_OWN_STRINGS
/// The member test of 64 codes, 8 at a time: the place of a code in the mask, looked up in its two halves.
static inline void v_member(const uint32_t *codes, uint32_t base, uint64_t mask, uint64_t *t, uint64_t *f) {
  const __m256i bases = _mm256_set1_epi32((int)base), low = _mm256_set1_epi32((int)(uint32_t)mask);
  const __m256i high = _mm256_set1_epi32((int)(uint32_t)(mask >> 32)), half = _mm256_set1_epi32(32);
  const __m256i zero = _mm256_setzero_si256();
  uint64_t members = 0, unknown = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i += 8) {
    const __m256i code = _mm256_loadu_si256((const __m256i *)(codes + i));
    const __m256i place = _mm256_sub_epi32(code, bases);
    // Shifts by 32 and more give 0.
    const __m256i bit = _mm256_or_si256(
        _mm256_srlv_epi32(low, place), _mm256_srlv_epi32(high, _mm256_sub_epi32(place, half)));
    // The bit goes to the sign, which the mask is taken from.
    members |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(bit, 31))) << i;
    unknown |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(code, zero))) << i;
  }
  *t = members & ~unknown;
  *f = ~members & ~unknown;
}
static inline void v_same_string(const uint32_t *a, const uint32_t *b, uint64_t *t, uint64_t *f) {
  const __m256i zero = _mm256_setzero_si256();
  uint64_t same = 0, unknown = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i += 8) {
    const __m256i x = _mm256_loadu_si256((const __m256i *)(a + i)), y = _mm256_loadu_si256((const __m256i *)(b + i));
    const __m256i none = _mm256_or_si256(_mm256_cmpeq_epi32(x, zero), _mm256_cmpeq_epi32(y, zero));
    same |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(x, y))) << i;
    unknown |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(none)) << i;
  }
  *t = same & ~unknown;
  *f = ~same & ~unknown;
}

#define CK_OWN_NARROW_SCORE
/// The bits of a byte as eight masks.
static inline __m256i spread_bits(uint64_t byte) {
  const __m256i places = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)byte), places), places);
}
/// Eight sums at a time.
static inline void narrow_score(const ck_program *p, ck_columns *c, size_t word) {
  const __m256d zero = _mm256_setzero_pd(), most = _mm256_set1_pd(1e12), thousand = _mm256_set1_pd(1000);
  const __m256d half = _mm256_set1_pd(0.49999999999999994);
  for (int i = 0; i < 8; i++) {
    __m256i low = _mm256_setzero_si256(), high = low;
    for (int32_t k = 0; k < p->weight_count; k++) {
      const ck_weight *w = &p->weights[k];
      const uint64_t t = c->planes[w->t][word] >> 8 * i, h = (c->planes[w->h][word] ^ w->flip) >> 8 * i;
      low = _mm256_add_epi32(low, _mm256_and_si256(spread_bits(t), _mm256_set1_epi32((int)w->low)));
      high = _mm256_add_epi32(high, _mm256_and_si256(spread_bits(h), _mm256_set1_epi32((int)w->high)));
    }
    for (int32_t k = 0; k < p->graded_count; k++) {
      const ck_graded *g = &p->graded[k];
      const uint64_t t = c->planes[g->t][word] >> 8 * i, h = (c->planes[g->h][word] ^ g->flip) >> 8 * i;
      const double *worth = c->numbers[g->value] + word * 64 + i * 8;
      __m128i values[2], known[2];
      for (int j = 0; j < 2; j++) {
        const __m256d points = _mm256_loadu_pd(worth + j * 4);
        const __m256d bounded = _mm256_min_pd(_mm256_max_pd(points, zero), most);
        values[j] = _mm256_cvttpd_epi32(_mm256_add_pd(_mm256_mul_pd(bounded, thousand), half));
        const __m256i mask = _mm256_castpd_si256(_mm256_cmp_pd(points, points, _CMP_EQ_OQ));
        known[j] = _mm_castps_si128(_mm_shuffle_ps(
            _mm_castsi128_ps(_mm256_castsi256_si128(mask)), _mm_castsi128_ps(_mm256_extracti128_si256(mask, 1)), 0x88));
      }
      const __m256i value = _mm256_setr_m128i(values[0], values[1]), is_known = _mm256_setr_m128i(known[0], known[1]);
      const __m256i add_low = _mm256_blendv_epi8(_mm256_set1_epi32((int)g->low), value, is_known);
      const __m256i add_high = _mm256_blendv_epi8(_mm256_set1_epi32((int)g->high), value, is_known);
      low = _mm256_add_epi32(low, _mm256_and_si256(spread_bits(t), add_low));
      high = _mm256_add_epi32(high, _mm256_and_si256(spread_bits(h), add_high));
    }
    __m256i *out_low = (__m256i *)(c->low + word * 64 + i * 8), *out_high = (__m256i *)(c->high + word * 64 + i * 8);
    _mm256_storeu_si256(out_low, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(low)));
    _mm256_storeu_si256(out_low + 1, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(low, 1)));
    _mm256_storeu_si256(out_high, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(high)));
    _mm256_storeu_si256(out_high + 1, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(high, 1)));
  }
}

#include "columns.inc"

#pragma clang attribute pop
#endif
