// Eight doubles at a time, compared straight into bits.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vbmi,bmi,bmi2,popcnt"))), apply_to = function)

#define CK_NAME(name) ck_##name##_avx512
#define CK_LANES 8
typedef __m512d ck_v;
typedef __mmask8 ck_m;
static inline ck_v v_load(const double *p) { return _mm512_loadu_pd(p); }
static inline void v_store(double *p, ck_v v) { _mm512_storeu_pd(p, v); }
static inline ck_v v_set(double x) { return _mm512_set1_pd(x); }
static inline ck_v v_add(ck_v a, ck_v b) { return _mm512_add_pd(a, b); }
static inline ck_v v_subtract(ck_v a, ck_v b) { return _mm512_sub_pd(a, b); }
static inline ck_v v_multiply(ck_v a, ck_v b) { return _mm512_mul_pd(a, b); }
static inline ck_v v_divide(ck_v a, ck_v b) { return _mm512_div_pd(a, b); }
static inline ck_v v_or(ck_v a, ck_v b) { return _mm512_or_pd(a, b); }
static inline ck_v v_absolute(ck_v a) { return _mm512_abs_pd(a); }
static inline ck_v v_negate(ck_v a) { return _mm512_xor_pd(a, _mm512_set1_pd(-0.0)); }
static inline ck_m v_less(ck_v a, ck_v b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
static inline ck_m v_greater(ck_v a, ck_v b) { return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ); }
static inline ck_m v_not_above(ck_v a, ck_v b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
static inline ck_m v_equal(ck_v a, ck_v b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
static inline ck_m v_differs(ck_v a, ck_v b) { return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_OQ); }
static inline ck_v v_choose(ck_m m, ck_v a, ck_v b) { return _mm512_mask_blend_pd(m, b, a); }
static inline uint64_t v_bits(ck_m m) { return m; }

#define CK_OWN_STRINGS
/// The member test of 64 codes, 16 at a time: the place of a code in the mask, looked up in its two halves.
static inline void v_member(const uint32_t *codes, uint32_t base, uint64_t mask, uint64_t *t, uint64_t *f) {
  const __m512i bases = _mm512_set1_epi32((int)base), low = _mm512_set1_epi32((int)(uint32_t)mask);
  const __m512i high = _mm512_set1_epi32((int)(uint32_t)(mask >> 32)), one = _mm512_set1_epi32(1);
  const __m512i half = _mm512_set1_epi32(32);
  uint64_t members = 0, known = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i += 16) {
    const __m512i code = _mm512_loadu_si512(codes + i);
    const __m512i place = _mm512_sub_epi32(code, bases);
    // Shifts by 32 and more give 0.
    const __m512i bit = _mm512_or_si512(
        _mm512_srlv_epi32(low, place), _mm512_srlv_epi32(high, _mm512_sub_epi32(place, half)));
    members |= (uint64_t)_mm512_test_epi32_mask(bit, one) << i;
    known |= (uint64_t)_mm512_test_epi32_mask(code, code) << i;
  }
  *t = members & known;
  *f = known & ~members;
}
static inline void v_same_string(const uint32_t *a, const uint32_t *b, uint64_t *t, uint64_t *f) {
  uint64_t same = 0, known = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i += 16) {
    const __m512i x = _mm512_loadu_si512(a + i), y = _mm512_loadu_si512(b + i);
    same |= (uint64_t)_mm512_cmpeq_epi32_mask(x, y) << i;
    known |= (uint64_t)(__mmask16)(_mm512_test_epi32_mask(x, x) & _mm512_test_epi32_mask(y, y)) << i;
  }
  *t = same & known;
  *f = known & ~same;
}

#define CK_OWN_NARROW_SCORE
/// Sixteen sums at a time, and all of 64 rows in registers.
static inline void narrow_score(const ck_program *p, ck_columns *c, size_t word) {
  __m512i low[4], high[4];
  for (int i = 0; i < 4; i++) low[i] = high[i] = _mm512_setzero_si512();
  for (int32_t k = 0; k < p->weight_count; k++) {
    const ck_weight *w = &p->weights[k];
    const uint64_t t = c->planes[w->t][word], h = c->planes[w->h][word] ^ w->flip;
    const __m512i add_low = _mm512_set1_epi32((int)w->low), add_high = _mm512_set1_epi32((int)w->high);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      low[i] = _mm512_mask_add_epi32(low[i], (__mmask16)(t >> 16 * i), low[i], add_low);
      high[i] = _mm512_mask_add_epi32(high[i], (__mmask16)(h >> 16 * i), high[i], add_high);
    }
  }
  const __m512d zero = _mm512_setzero_pd(), most = _mm512_set1_pd(1e12), thousand = _mm512_set1_pd(1000);
  const __m512d half = _mm512_set1_pd(0.49999999999999994);
  for (int32_t k = 0; k < p->graded_count; k++) {
    const ck_graded *g = &p->graded[k];
    const uint64_t t = c->planes[g->t][word], h = c->planes[g->h][word] ^ g->flip;
    const double *worth = c->numbers[g->value] + word * 64;
    const __m256i unknown_low = _mm256_set1_epi32((int)g->low), unknown_high = _mm256_set1_epi32((int)g->high);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      __m256i lows[2], highs[2];
#pragma clang loop unroll(full)
      for (int j = 0; j < 2; j++) {
        const __m512d points = _mm512_loadu_pd(worth + i * 16 + j * 8);
        const __mmask8 known = _mm512_cmp_pd_mask(points, points, _CMP_EQ_OQ);
        // Of an unknown number the second operand: 0.
        const __m512d bounded = _mm512_min_pd(_mm512_max_pd(points, zero), most);
        const __m256i value = _mm512_cvttpd_epi32(_mm512_add_pd(_mm512_mul_pd(bounded, thousand), half));
        lows[j] = _mm256_mask_mov_epi32(unknown_low, known, value);
        highs[j] = _mm256_mask_mov_epi32(unknown_high, known, value);
      }
      const __m512i value_low = _mm512_inserti64x4(_mm512_castsi256_si512(lows[0]), lows[1], 1);
      const __m512i value_high = _mm512_inserti64x4(_mm512_castsi256_si512(highs[0]), highs[1], 1);
      low[i] = _mm512_mask_add_epi32(low[i], (__mmask16)(t >> 16 * i), low[i], value_low);
      high[i] = _mm512_mask_add_epi32(high[i], (__mmask16)(h >> 16 * i), high[i], value_high);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    const __m512i l = low[i / 2], h = high[i / 2];
    const __m256i half_low = i % 2 ? _mm512_extracti64x4_epi64(l, 1) : _mm512_castsi512_si256(l);
    const __m256i half_high = i % 2 ? _mm512_extracti64x4_epi64(h, 1) : _mm512_castsi512_si256(h);
    _mm512_storeu_si512(c->low + word * 64 + i * 8, _mm512_cvtepi32_epi64(half_low));
    _mm512_storeu_si512(c->high + word * 64 + i * 8, _mm512_cvtepi32_epi64(half_high));
  }
}

#include "columns.inc"

#include "compact.inc"

void ck_compact_avx512(const ck_compact *p, ck_row *r) {
  uint64_t is_true = r->given_true, is_false = r->given_false;
  for (int32_t i = 0; i < p->input_count; i += 8) {
    const __mmask8 mask = (__mmask8)_bzhi_u32(255, (uint32_t)(p->input_count - i));
    // Instances often lie in an array: the next one is on its way while this one is decided.
    _mm_prefetch((const char *)(r->inputs + p->input_count + i + 8), _MM_HINT_T0);
    // A whole store: what a masked one writes cannot be read before it has left the core.
    _mm512_store_pd(r->numbers + i, _mm512_maskz_loadu_pd(mask, r->inputs + i));
  }
  for (const ck_layer *l = p->layers; l < p->layers + p->layer_count; l++) {
    const __m512d value = _mm512_maskz_loadu_pd((__mmask8)l->mask, r->inputs + l->first);
    const __m512d threshold = _mm512_load_pd(l->thresholds);
    is_true |= (uint64_t)_mm512_mask_cmp_pd_mask((__mmask8)l->mask, value, threshold, _CMP_GT_OQ) << l->shift;
    is_false |= (uint64_t)_mm512_mask_cmp_pd_mask((__mmask8)l->mask, value, threshold, _CMP_LE_OQ) << l->shift;
  }
  run_steps(p, r->numbers);
  run_leaves(p, r->numbers, r->strings, &is_true, &is_false);
  const __m512i zero = _mm512_setzero_si512();
  __m512i truths = _mm512_sub_epi8(_mm512_maskz_set1_epi8(is_true, 1), _mm512_maskz_set1_epi8(is_false, 1));
  for (const ck_level *l = p->levels; l < p->levels + p->level_count; l++) {
    __m512i a = _mm512_permutexvar_epi8(_mm512_load_si512(l->a), truths);
    __m512i b = _mm512_permutexvar_epi8(_mm512_load_si512(l->b), truths);
    a = _mm512_mask_sub_epi8(a, l->negate_a, zero, a);
    b = _mm512_mask_sub_epi8(b, l->negate_b, zero, b);
    if (l->splits) {
      const __m512i split = _mm512_add_epi8(_mm512_max_epi8(a, zero), _mm512_min_epi8(b, zero));
      truths = _mm512_mask_mov_epi8(truths, l->splits, split);
    }
    truths = _mm512_mask_min_epi8(truths, l->mask & ~l->splits, a, b);
  }
  _mm512_store_si512(r->truths, truths);
  __m512i outcomes = _mm512_permutexvar_epi8(_mm512_load_si512(p->outcomes), truths);
  outcomes = _mm512_mask_sub_epi8(outcomes, p->negate, zero, outcomes);
  const uint64_t t = _mm512_cmpgt_epi8_mask(outcomes, zero), h = _mm512_cmpge_epi8_mask(outcomes, zero);
  run_score(p, r, t, (h & ~p->ignores) | (t & p->ignores));
}

#pragma clang attribute pop
#endif
