#define _GNU_SOURCE
#include "CMatching.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef struct {
  const cm_filter *filter;
  const uint8_t *text;
  size_t count;
  cm_scratch *scratch;
  // The line that was looked at last: `[line, end)` without `\r\n`, `next` behind its `\n`.
  size_t line, end, next;
} state;

static inline uint64_t load8(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
  return word;
}

size_t cm_line_end(const uint8_t *text, size_t from, size_t count) {
  const uint8_t *newline = memchr(text + from, '\n', count - from);
  return newline ? (size_t)(newline - text) : count;
}

static size_t line_start(const uint8_t *text, size_t place) {
#if defined(__linux__)
  const uint8_t *newline = place ? memrchr(text, '\n', place) : NULL;
  return newline ? (size_t)(newline - text) + 1 : 0;
#else
  while (place && text[place - 1] != '\n') place--;
  return place;
#endif
}

static inline void go_to_line(state *s, size_t place) {
  if (place >= s->line && place < s->next) return;
  // Candidates come in rising order, so the text before this line need not be searched again.
  size_t known = place >= s->next ? s->next : 0;
  s->line = known + line_start(s->text + known, place - known);
  size_t end = cm_line_end(s->text, place, s->count);
  s->next = end < s->count ? end + 1 : end;
  if (end > s->line && s->text[end - 1] == '\r') end--;
  s->end = end;
}

static inline int holds(const uint64_t *set, uint8_t byte) { return (set[byte >> 6] >> (byte & 63)) & 1; }

static void add(state *s, uint32_t pattern, size_t at) {
  cm_scratch *scratch = s->scratch;
  uint32_t last = scratch->last[pattern];
  if (last < scratch->count) {
    cm_candidate *known = &scratch->candidates[last];
    if (known->pattern == pattern && known->line == s->line) {
      // Another sequence of the pattern may begin earlier, though its window was found later.
      if (at < known->at) known->at = (uint32_t)at;
      return;
    }
  }
  if (scratch->count == scratch->capacity) {
    size_t capacity = scratch->capacity ? scratch->capacity * 2 : 256;
    cm_candidate *larger = realloc(scratch->candidates, capacity * sizeof *larger);
    if (!larger) abort();
    scratch->candidates = larger;
    scratch->capacity = capacity;
  }
  scratch->last[pattern] = (uint32_t)scratch->count;
  scratch->candidates[scratch->count++] =
      (cm_candidate){(uint32_t)s->line, (uint32_t)s->end, pattern, (uint32_t)at};
}

// Whether a sequence begins at `window - offset`, and if so, one candidate more.
static inline void verify(state *s, uint32_t index, size_t window, uint32_t offset) {
  const cm_filter *f = s->filter;
  const cm_sequence *sequence = &f->sequences[index];
  size_t length = sequence->length;
  if (window < offset || s->count - (window - offset) < length) return;
  size_t at = window - offset;
  const uint8_t *text = s->text + at;
  size_t padded = (length + 7) & ~(size_t)7;
  const uint8_t *values = f->bytes + sequence->bytes, *masks = values + padded;
  if (s->count - at >= padded) {
    for (size_t i = 0; i < length; i += 8)
      if ((load8(text + i) & load8(masks + i)) != load8(values + i)) return;
  } else {
    for (size_t i = 0; i < length; i++)
      if ((text[i] & masks[i]) != values[i]) return;
  }
  const cm_class *classes = f->classes + sequence->classes;
  for (uint32_t i = 0; i < sequence->class_count; i++)
    if (!holds(f->sets + 4 * classes[i].set, text[classes[i].offset])) return;
  if (sequence->before >= 0 && at > 0 && text[-1] != '\n' && !holds(f->sets + 4 * sequence->before, text[-1])) return;
  go_to_line(s, at);
  // A `\r` before the `\n` is no part of the line.
  if (at + length > s->end) return;
  if (sequence->after >= 0 && at + length < s->end && !holds(f->sets + 4 * sequence->after, text[length])) return;
  add(s, sequence->pattern, at);
}

// Bytes. What processors fetch by themselves ends with the page; this made a scan of memory a sixth quicker.
enum { AHEAD = 2048 };

// MARK: Windows

__attribute__((noinline)) static void window_hit(state *s, size_t place, unsigned buckets) {
  const cm_shuffle *shuffle = &s->filter->shuffle;
  while (buckets) {
    int bucket = __builtin_ctz(buckets);
    buckets &= buckets - 1;
    for (uint32_t i = shuffle->starts[bucket]; i < shuffle->starts[bucket + 1]; i++)
      verify(s, shuffle->windows[i].sequence, place, shuffle->windows[i].offset);
  }
}

static void windows_plain(state *s, size_t from) {
  const cm_shuffle *shuffle = &s->filter->shuffle;
  size_t width = (size_t)shuffle->width, count = s->count;
  for (size_t i = from; i < count; i++) {
    unsigned buckets = shuffle->tables[0][s->text[i]];
    // Behind the end anything may be: windows of short sequences reach beyond them.
    for (size_t k = 1; k < width && i + k < count; k++) buckets &= shuffle->tables[k][s->text[i + k]];
    if (buckets) window_hit(s, i, buckets);
  }
}

#if defined(__x86_64__)
__attribute__((target("ssse3"))) static void windows_ssse3(state *s) {
  const cm_shuffle *shuffle = &s->filter->shuffle;
  const __m128i nibble = _mm_set1_epi8(15), zero = _mm_setzero_si128();
  __m128i low[3], high[3];
  for (int k = 0; k < 3; k++) {
    low[k] = _mm_loadu_si128((const void *)shuffle->low[k]);
    high[k] = _mm_loadu_si128((const void *)shuffle->high[k]);
  }
  size_t i = 0;
  for (; i + 16 + 3 <= s->count; i += 16) {
    __m128i r = _mm_set1_epi8(-1);
    for (int k = 0; k < 3; k++) {
      __m128i v = _mm_loadu_si128((const void *)(s->text + i + k));
      r = _mm_and_si128(r, _mm_and_si128(_mm_shuffle_epi8(low[k], _mm_and_si128(v, nibble)),
                                         _mm_shuffle_epi8(high[k], _mm_and_si128(_mm_srli_epi16(v, 4), nibble))));
    }
    uint32_t m = 0xFFFF & ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(r, zero));
    if (__builtin_expect(m != 0, 0)) {
      uint8_t buckets[16];
      _mm_storeu_si128((void *)buckets, r);
      for (; m; m &= m - 1) window_hit(s, i + __builtin_ctz(m), buckets[__builtin_ctz(m)]);
    }
  }
  windows_plain(s, i);
}

__attribute__((target("avx2"), noinline)) static void windows_hit32(state *s, size_t place, __m256i r) {
  uint32_t m = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(r, _mm256_setzero_si256()));
  uint8_t buckets[32];
  _mm256_storeu_si256((void *)buckets, r);
  for (; m; m &= m - 1) window_hit(s, place + __builtin_ctz(m), buckets[__builtin_ctz(m)]);
}

// The buckets whose windows may begin at each of 32 places. With `ascii` no window holds a byte beyond 0x7F; then the lower
// half of a byte need not be cut out, for the shuffle takes no notice of the other bits, save the highest, which makes none.
__attribute__((target("avx2"), always_inline)) static inline __m256i buckets32(
    const uint8_t *text, const __m256i low[3], const __m256i high[3], const int ascii) {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i r = _mm256_set1_epi8(-1);
#pragma clang loop unroll(full)
  for (int k = 0; k < 3; k++) {
    __m256i v = _mm256_loadu_si256((const void *)(text + k));
    __m256i a = _mm256_shuffle_epi8(low[k], ascii ? v : _mm256_and_si256(v, nibble));
    __m256i b = _mm256_shuffle_epi8(high[k], _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
    r = k ? _mm256_and_si256(r, _mm256_and_si256(a, b)) : _mm256_and_si256(a, b);
  }
  return r;
}

__attribute__((target("avx2"), always_inline)) static inline void windows_avx2_of(state *s, const int ascii) {
  const cm_shuffle *shuffle = &s->filter->shuffle;
  __m256i low[3], high[3];
  for (int k = 0; k < 3; k++) {
    low[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)shuffle->low[k]));
    high[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)shuffle->high[k]));
  }
  size_t i = 0;
  for (; i + 64 + 3 <= s->count; i += 64) {
    __builtin_prefetch(s->text + i + AHEAD);
    __m256i a = buckets32(s->text + i, low, high, ascii), b = buckets32(s->text + i + 32, low, high, ascii);
    __m256i any = _mm256_or_si256(a, b);
    if (__builtin_expect(!_mm256_testz_si256(any, any), 0)) {
      if (!_mm256_testz_si256(a, a)) windows_hit32(s, i, a);
      if (!_mm256_testz_si256(b, b)) windows_hit32(s, i + 32, b);
    }
  }
  windows_plain(s, i);
}

__attribute__((target("avx2"))) static void windows_avx2(state *s) {
  if (s->filter->shuffle.is_ascii) {
    windows_avx2_of(s, 1);
  } else {
    windows_avx2_of(s, 0);
  }
}

__attribute__((target("avx512f,avx512bw"), noinline)) static void windows_hit64(state *s, size_t place, uint64_t m,
                                                                                __m512i r) {
  uint8_t buckets[64];
  _mm512_storeu_si512((void *)buckets, r);
  for (; m; m &= m - 1) window_hit(s, place + __builtin_ctzll(m), buckets[__builtin_ctzll(m)]);
}

// One table look-up of seven bits instead of two of four, and so no byte is taken for another one of ASCII.
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static void windows_avx512(state *s) {
  const cm_shuffle *shuffle = &s->filter->shuffle;
  __m512i low[CM_WIDTH], high[CM_WIDTH];
  for (int k = 0; k < CM_WIDTH; k++) {
    low[k] = _mm512_loadu_si512((const void *)shuffle->seven[k]);
    high[k] = _mm512_loadu_si512((const void *)(shuffle->seven[k] + 64));
  }
  size_t i = 0;
  for (; i + 128 + CM_WIDTH <= s->count; i += 128) {
    const uint8_t *text = s->text + i;
    __m512i a = _mm512_permutex2var_epi8(low[0], _mm512_loadu_si512((const void *)text), high[0]);
    __m512i b = _mm512_permutex2var_epi8(low[0], _mm512_loadu_si512((const void *)(text + 64)), high[0]);
    for (int k = 1; k < CM_WIDTH; k++) {
      __m512i v = _mm512_loadu_si512((const void *)(text + k));
      __m512i w = _mm512_loadu_si512((const void *)(text + 64 + k));
      a = _mm512_and_si512(a, _mm512_permutex2var_epi8(low[k], v, high[k]));
      b = _mm512_and_si512(b, _mm512_permutex2var_epi8(low[k], w, high[k]));
    }
    uint64_t m = _mm512_test_epi8_mask(a, a), n = _mm512_test_epi8_mask(b, b);
    if (__builtin_expect((m | n) != 0, 0)) {
      if (m) windows_hit64(s, i, m, a);
      if (n) windows_hit64(s, i + 64, n, b);
    }
  }
  windows_plain(s, i);
}
#elif defined(__aarch64__)
static void windows_neon(state *s) {
  const cm_shuffle *shuffle = &s->filter->shuffle;
  const uint8x16_t nibble = vdupq_n_u8(15);
  uint8x16_t low[3], high[3];
  for (int k = 0; k < 3; k++) {
    low[k] = vld1q_u8(shuffle->low[k]);
    high[k] = vld1q_u8(shuffle->high[k]);
  }
  size_t i = 0;
  for (; i + 16 + 3 <= s->count; i += 16) {
    uint8x16_t r = vdupq_n_u8(255);
    for (int k = 0; k < 3; k++) {
      uint8x16_t v = vld1q_u8(s->text + i + k);
      r = vandq_u8(r, vandq_u8(vqtbl1q_u8(low[k], vandq_u8(v, nibble)), vqtbl1q_u8(high[k], vshrq_n_u8(v, 4))));
    }
    if (__builtin_expect(vmaxvq_u8(r) != 0, 0)) {
      uint8_t buckets[16];
      vst1q_u8(buckets, r);
      for (int k = 0; k < 16; k++)
        if (buckets[k]) window_hit(s, i + k, buckets[k]);
    }
  }
  windows_plain(s, i);
}
#endif

static void find_windows(state *s, int level) {
  // The nibble kernels test three bytes; narrower windows hold "any" behind their end.
  switch (level) {
#if defined(__x86_64__)
    case CM_SSSE3: windows_ssse3(s); return;
    case CM_AVX2: windows_avx2(s); return;
    case CM_AVX512: windows_avx512(s); return;
#elif defined(__aarch64__)
    case CM_NEON: windows_neon(s); return;
#endif
    default: windows_plain(s, 0);
  }
}

// MARK: Grams

__attribute__((noinline)) static void gram_hit(state *s, const cm_grams *g, size_t place, uint64_t word, uint64_t hash) {
  uint64_t gram = (word | g->fold) & g->mask;
  for (uint32_t i = g->heads[hash & (CM_HEADS - 1)]; i; i = g->grams[i].next)
    if (g->grams[i].gram == gram) verify(s, g->grams[i].sequence, place, g->grams[i].offset);
}

static inline __attribute__((always_inline)) void find_grams_at(state *s, const cm_grams *g, const size_t stride) {
  const uint64_t fold = g->fold, mask = g->mask, *bitmap = g->bitmap;
  const int bits = g->bits;
  const size_t count = s->count;
  size_t i = 0;
  for (; i + 8 * stride + 8 <= count; i += 8 * stride) {
    const uint8_t *text = s->text + i;
    uint64_t hash[8], any = 0;
    __builtin_prefetch(text + AHEAD);
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 8; k++) {
      hash[k] = cm_hash((load8(text + stride * k) | fold) & mask, bits);
      any |= bitmap[hash[k] >> 6] >> (hash[k] & 63);
    }
    if (__builtin_expect(any & 1, 0))
      for (size_t k = 0; k < 8; k++)
        if ((bitmap[hash[k] >> 6] >> (hash[k] & 63)) & 1) gram_hit(s, g, i + stride * k, load8(text + stride * k), hash[k]);
  }
  for (; i + (size_t)g->length <= count; i += stride) {
    uint64_t word = 0;
    memcpy(&word, s->text + i, count - i < 8 ? count - i : 8);
    uint64_t hash = cm_hash((word | fold) & mask, bits);
    if ((bitmap[hash >> 6] >> (hash & 63)) & 1) gram_hit(s, g, i, word, hash);
  }
}

static void find_grams(state *s, const cm_grams *g) {
  switch (g->stride) {
    case 8: find_grams_at(s, g, 8); return;
    case 4: find_grams_at(s, g, 4); return;
    case 2: find_grams_at(s, g, 2); return;
    default: find_grams_at(s, g, 1);
  }
}

// MARK: All

int cm_has_level(int level) {
  switch (level) {
    case CM_PLAIN: return 1;
#if defined(__x86_64__)
    case CM_SSSE3: return __builtin_cpu_supports("ssse3") != 0;
    case CM_AVX2: return __builtin_cpu_supports("avx2") != 0;
    case CM_AVX512: return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
#elif defined(__aarch64__)
    case CM_NEON: return 1;
#endif
    default: return 0;
  }
}

int cm_best_level(void) {
  for (int level = CM_NEON; level > CM_PLAIN; level--)
    if (cm_has_level(level)) return level;
  return CM_PLAIN;
}

void cm_scan(const cm_filter *filter, int level, const uint8_t *text, size_t count, cm_scratch *scratch) {
  state s = {filter, text, count, scratch, 0, 0, 0};
  scratch->count = 0;
  for (int i = 0; i < filter->gram_count; i++) {
    s.line = s.end = s.next = 0;
    find_grams(&s, &filter->grams[i]);
  }
  s.line = s.end = s.next = 0;
  if (filter->shuffle.width) find_windows(&s, level);
}
