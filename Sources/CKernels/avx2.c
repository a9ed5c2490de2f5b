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

#define CK_OWN_TRUTHS
/// The bits of 32 masks of doubles: they are packed down to bytes, which takes half of what a mask of each four takes.
static inline __attribute__((always_inline)) uint64_t v_bits_32(const ck_m *m) {
  __m256i words[4];
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    words[k] = _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(m[2 * k]), _mm256_castpd_ps(m[2 * k + 1]), 0x88));
  }
  const __m256i bytes = _mm256_packs_epi16(
      _mm256_packs_epi32(words[0], words[1]), _mm256_packs_epi32(words[2], words[3]));
  // Each half has two bytes of each mask in turn: those of one mask stand together again.
  const __m256i order = _mm256_setr_epi8(
      0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  return (uint32_t)_mm256_movemask_epi8(_mm256_shuffle_epi8(_mm256_permute4x64_epi64(bytes, 0xD8), order));
}
#define CK_TRUTHS(prepare, true_mask, false_mask) \
  for (size_t word = first; word < first + count; word++) { \
    const size_t row = word * 64; \
    fetch_rows(next_a, row); \
    fetch_rows(next_b, row); \
    uint64_t t = 0, f = 0; \
    _Pragma("clang loop unroll(full)") \
    for (size_t half = 0; half < 64; half += 32) { \
      ck_m is_true[8], is_false[8]; \
      _Pragma("clang loop unroll(full)") \
      for (size_t k = 0; k < 8; k++) { \
        const size_t i = row + half + 4 * k; \
        prepare; \
        is_true[k] = true_mask; \
        is_false[k] = false_mask; \
      } \
      t |= v_bits_32(is_true) << half; \
      f |= v_bits_32(is_false) << half; \
    } \
    pt[word] = t; \
    pf[word] = f; \
  }

#define CK_OWN_NARROW_SCORE
/// `value` in the lanes whose bit is set, else 0; `shifts` bring each lane's bit to the sign.
static inline __m256i where_set(__m256i bits, __m256i shifts, __m256i value) {
  const __m256 mask = _mm256_castsi256_ps(_mm256_sllv_epi32(bits, shifts));
  return _mm256_castps_si256(_mm256_blendv_ps(_mm256_setzero_ps(), _mm256_castsi256_ps(value), mask));
}
/// Eight sums at a time, and those of 32 rows in registers.
static inline __attribute__((always_inline)) void half_score(const ck_program *p, ck_columns *c, size_t word, int half) {
  const __m256d zero = _mm256_setzero_pd(), most = _mm256_set1_pd(1e12), thousand = _mm256_set1_pd(1000);
  const __m256d rounding = _mm256_set1_pd(0.49999999999999994);
  __m256i low[4], high[4], shifts[4];
  for (int i = 0; i < 4; i++) {
    low[i] = high[i] = _mm256_setzero_si256();
    shifts[i] = _mm256_sub_epi32(_mm256_set1_epi32(31 - 8 * i), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  for (int32_t k = 0; k < p->weight_count; k++) {
    const ck_weight *w = &p->weights[k];
    const __m256i t = _mm256_set1_epi32((int)(c->planes[w->t][word] >> 32 * half));
    const __m256i h = _mm256_set1_epi32((int)((c->planes[w->h][word] ^ w->flip) >> 32 * half));
    const __m256i add_low = _mm256_set1_epi32((int)w->low), add_high = _mm256_set1_epi32((int)w->high);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      low[i] = _mm256_add_epi32(low[i], where_set(t, shifts[i], add_low));
      high[i] = _mm256_add_epi32(high[i], where_set(h, shifts[i], add_high));
    }
  }
  for (int32_t k = 0; k < p->graded_count; k++) {
    const ck_graded *g = &p->graded[k];
    const __m256i t = _mm256_set1_epi32((int)(c->planes[g->t][word] >> 32 * half));
    const __m256i h = _mm256_set1_epi32((int)((c->planes[g->h][word] ^ g->flip) >> 32 * half));
    const double *worth = c->numbers[g->value] + word * 64 + half * 32;
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      __m128i values[2], known[2];
      for (int j = 0; j < 2; j++) {
        const __m256d points = _mm256_loadu_pd(worth + i * 8 + j * 4);
        const __m256d bounded = _mm256_min_pd(_mm256_max_pd(points, zero), most);
        values[j] = _mm256_cvttpd_epi32(_mm256_add_pd(_mm256_mul_pd(bounded, thousand), rounding));
        const __m256i mask = _mm256_castpd_si256(_mm256_cmp_pd(points, points, _CMP_EQ_OQ));
        known[j] = _mm_castps_si128(_mm_shuffle_ps(
            _mm_castsi128_ps(_mm256_castsi256_si128(mask)), _mm_castsi128_ps(_mm256_extracti128_si256(mask, 1)), 0x88));
      }
      const __m256i value = _mm256_setr_m128i(values[0], values[1]), is_known = _mm256_setr_m128i(known[0], known[1]);
      const __m256i add_low = _mm256_blendv_epi8(_mm256_set1_epi32((int)g->low), value, is_known);
      const __m256i add_high = _mm256_blendv_epi8(_mm256_set1_epi32((int)g->high), value, is_known);
      low[i] = _mm256_add_epi32(low[i], where_set(t, shifts[i], add_low));
      high[i] = _mm256_add_epi32(high[i], where_set(h, shifts[i], add_high));
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    __m256i *out_low = (__m256i *)(c->low + word * 64 + half * 32 + i * 8);
    __m256i *out_high = (__m256i *)(c->high + word * 64 + half * 32 + i * 8);
    _mm256_storeu_si256(out_low, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(low[i])));
    _mm256_storeu_si256(out_low + 1, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(low[i], 1)));
    _mm256_storeu_si256(out_high, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(high[i])));
    _mm256_storeu_si256(out_high + 1, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(high[i], 1)));
  }
}
static inline void narrow_score(const ck_program *p, ck_columns *c, size_t word) {
  half_score(p, c, word, 0);
  half_score(p, c, word, 1);
}

#include "columns.inc"

#include "compact.inc"

/// The values of the lanes of `mask`, 0 in the others: they may lie behind the end.
static inline __m256d load_some(const double *p, uint32_t mask) {
  if ((mask & 15) == 15) return _mm256_loadu_pd(p);
  const __m256i places = _mm256_setr_epi64x(1, 2, 4, 8), bits = _mm256_set1_epi64x(mask);
  return _mm256_maskload_pd(p, _mm256_cmpeq_epi64(_mm256_and_si256(bits, places), places));
}

/// The bits of a word as 32 bytes of ones.
static inline __m256i spread_bytes(uint32_t bits) {
  const __m256i which = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i places = _mm256_set1_epi64x((long long)0x8040201008040201);
  const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), which);
  return _mm256_cmpeq_epi8(_mm256_and_si256(bytes, places), places);
}

/// Truths of two words of bits: 1, −1 and 0.
static inline __m256i spread_truths(uint32_t t, uint32_t f) {
  return _mm256_sub_epi8(spread_bytes(f), spread_bytes(t));
}

/// Up to 64 truths, in two halves.
typedef struct {
  __m256i low, high;
} truths_64;

/// The truths of 32 of 64 places. A shuffle sees 16 bytes, so it takes one for each quarter.
static inline __m256i pick(truths_64 from, __m256i places) {
  const __m256i quarter_0 = _mm256_permute4x64_epi64(from.low, 0x44), quarter_1 = _mm256_permute4x64_epi64(from.low, 0xEE);
  const __m256i quarter_2 = _mm256_permute4x64_epi64(from.high, 0x44), quarter_3 = _mm256_permute4x64_epi64(from.high, 0xEE);
  // Bits 4 and 5 of a place say which, once they are the sign.
  const __m256i is_odd = _mm256_slli_epi16(places, 3), is_high = _mm256_slli_epi16(places, 2);
  const __m256i low = _mm256_blendv_epi8(
      _mm256_shuffle_epi8(quarter_0, places), _mm256_shuffle_epi8(quarter_1, places), is_odd);
  const __m256i high = _mm256_blendv_epi8(
      _mm256_shuffle_epi8(quarter_2, places), _mm256_shuffle_epi8(quarter_3, places), is_odd);
  return _mm256_blendv_epi8(low, high, is_high);
}

static inline __m256i load_32(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

/// One half of a level.
static inline __m256i connect(const ck_level *l, int half, truths_64 from, __m256i before) {
  const __m256i a = _mm256_sign_epi8(pick(from, load_32(l->a + half)), load_32(l->sign_a + half));
  const __m256i b = _mm256_sign_epi8(pick(from, load_32(l->b + half)), load_32(l->sign_b + half));
  __m256i both = _mm256_min_epi8(a, b);
  if (l->splits) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i split = _mm256_add_epi8(_mm256_max_epi8(a, zero), _mm256_min_epi8(b, zero));
    both = _mm256_blendv_epi8(both, split, load_32(l->split_bytes + half));
  }
  return _mm256_blendv_epi8(before, both, load_32(l->mask_bytes + half));
}

static inline void connect_64(const ck_compact *p, ck_row *r, uint64_t is_true, uint64_t is_false, uint64_t *t, uint64_t *h) {
  truths_64 truths = {
      spread_truths((uint32_t)is_true, (uint32_t)is_false),
      spread_truths((uint32_t)(is_true >> 32), (uint32_t)(is_false >> 32))};
  for (const ck_level *l = p->levels; l < p->levels + p->level_count; l++) {
    truths_64 next = truths;
    if ((uint32_t)l->mask) next.low = connect(l, 0, truths, truths.low);
    if (l->mask >> 32) next.high = connect(l, 32, truths, truths.high);
    truths = next;
  }
  _mm256_storeu_si256((__m256i *)r->truths, truths.low);
  _mm256_storeu_si256((__m256i *)(r->truths + 32), truths.high);
  const __m256i zero = _mm256_setzero_si256();
  *t = *h = 0;
  for (int half = 0; half < 64; half += 32) {
    const __m256i outcomes = _mm256_sign_epi8(pick(truths, load_32(p->outcomes + half)), load_32(p->signs + half));
    *t |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(outcomes, zero)) << half;
    *h |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(_mm256_cmpgt_epi8(zero, outcomes)) << half;
    // What a small policy comes to stands in the first half.
    if (p->outcome_count <= 32) break;
  }
}

static inline __m128i load_16(const void *p) { return _mm_loadu_si128((const __m128i *)p); }

/// The same where 16 places are enough: a shuffle sees them all.
static inline void connect_16(const ck_compact *p, ck_row *r, uint64_t is_true, uint64_t is_false, uint64_t *t, uint64_t *h) {
  __m128i truths = _mm256_castsi256_si128(spread_truths((uint32_t)is_true, (uint32_t)is_false));
  const __m128i zero = _mm_setzero_si128();
  for (const ck_level *l = p->levels; l < p->levels + p->level_count; l++) {
    const __m128i a = _mm_sign_epi8(_mm_shuffle_epi8(truths, load_16(l->a)), load_16(l->sign_a));
    const __m128i b = _mm_sign_epi8(_mm_shuffle_epi8(truths, load_16(l->b)), load_16(l->sign_b));
    __m128i both = _mm_min_epi8(a, b);
    if (l->splits) {
      const __m128i split = _mm_add_epi8(_mm_max_epi8(a, zero), _mm_min_epi8(b, zero));
      both = _mm_blendv_epi8(both, split, load_16(l->split_bytes));
    }
    truths = _mm_blendv_epi8(truths, both, load_16(l->mask_bytes));
  }
  _mm_storeu_si128((__m128i *)r->truths, truths);
  const __m128i outcomes = _mm_sign_epi8(_mm_shuffle_epi8(truths, load_16(p->outcomes)), load_16(p->signs));
  *t = (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(outcomes, zero));
  *h = (uint64_t)(0xFFFF & ~(uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(zero, outcomes)));
}

void ck_compact_avx2(const ck_compact *p, ck_row *r) {
  uint64_t is_true = r->given_true, is_false = r->given_false;
  for (int32_t i = 0; i < p->input_count; i += 4) {
    // Instances often lie in an array: the next one is on its way while this one is decided.
    _mm_prefetch((const char *)(r->inputs + p->input_count + i + 8), _MM_HINT_T0);
    _mm256_storeu_pd(r->numbers + i, load_some(r->inputs + i, _bzhi_u32(15, (uint32_t)(p->input_count - i))));
  }
  for (const ck_layer *l = p->layers; l < p->layers + p->layer_count; l++) {
    // Thresholds that are none are NaN. What is copied reaches to a multiple of eight inputs.
    const __m256d low = _mm256_loadu_pd(r->numbers + l->first), low_threshold = _mm256_loadu_pd(l->thresholds);
    uint64_t t = (uint64_t)_mm256_movemask_pd(_mm256_cmp_pd(low, low_threshold, _CMP_GT_OQ));
    uint64_t f = (uint64_t)_mm256_movemask_pd(_mm256_cmp_pd(low, low_threshold, _CMP_LE_OQ));
    if (l->mask > 15) {
      const __m256d high = _mm256_loadu_pd(r->numbers + l->first + 4), high_threshold = _mm256_loadu_pd(l->thresholds + 4);
      t |= (uint64_t)_mm256_movemask_pd(_mm256_cmp_pd(high, high_threshold, _CMP_GT_OQ)) << 4;
      f |= (uint64_t)_mm256_movemask_pd(_mm256_cmp_pd(high, high_threshold, _CMP_LE_OQ)) << 4;
    }
    is_true |= t << l->shift;
    is_false |= f << l->shift;
  }
  run_steps(p, r->numbers);
  run_leaves(p, r->numbers, r->strings, &is_true, &is_false);
  uint64_t t, h;
  if (p->truth_count <= 16 && p->outcome_count <= 16) {
    connect_16(p, r, is_true, is_false, &t, &h);
  } else {
    connect_64(p, r, is_true, is_false, &t, &h);
  }
  run_score(p, r, t, (h & ~p->ignores) | (t & p->ignores));
}

#pragma clang attribute pop
#endif
