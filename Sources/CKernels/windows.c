// Window terms of series with one sample in each tick, four at a time: one term of many series, each with a full window, and
// below that several terms of one instance, whose windows may have run dry at their ends.
#include "CKernels.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF
// All that has vectors for arguments is inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#define CK_INLINE static inline __attribute__((always_inline))

enum { lanes = 4, most = 65 };
typedef double four __attribute__((ext_vector_type(4)));

/// The values of four rings from one place on as columns.
CK_INLINE void transpose(const ck_ring *rings, int32_t start, int32_t n, four *v) {
  const double *a = rings[0].values + start, *b = rings[1].values + start;
  const double *c = rings[2].values + start, *d = rings[3].values + start;
  int32_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    four p, q, r, s;
    __builtin_memcpy(&p, a + j, sizeof p);
    __builtin_memcpy(&q, b + j, sizeof q);
    __builtin_memcpy(&r, c + j, sizeof r);
    __builtin_memcpy(&s, d + j, sizeof s);
    const four pq = __builtin_shufflevector(p, q, 0, 4, 2, 6), rs = __builtin_shufflevector(r, s, 0, 4, 2, 6);
    const four qp = __builtin_shufflevector(p, q, 1, 5, 3, 7), sr = __builtin_shufflevector(r, s, 1, 5, 3, 7);
    v[j] = __builtin_shufflevector(pq, rs, 0, 1, 4, 5);
    v[j + 1] = __builtin_shufflevector(qp, sr, 0, 1, 4, 5);
    v[j + 2] = __builtin_shufflevector(pq, rs, 2, 3, 6, 7);
    v[j + 3] = __builtin_shufflevector(qp, sr, 2, 3, 6, 7);
  }
  for (; j < n; j++) v[j] = (four){a[j], b[j], c[j], d[j]};
}

/// The values of four rings as columns: entry j of each, from where their windows start.
CK_INLINE void gather(const ck_ring *rings, int32_t n, four *v) {
  const int32_t start = rings[0].start, capacity = rings[0].capacity;
  int same = 1;
  for (int r = 1; r < lanes; r++) same &= rings[r].start == start && rings[r].capacity == capacity;
  if (same) {
    // As in a fleet that is fed in step.
    const int32_t straight = n < capacity - start ? n : capacity - start;
    transpose(rings, start, straight, v);
    transpose(rings, 0, n - straight, v + straight);
    return;
  }
  for (int r = 0; r < lanes; r++) {
    const ck_ring *ring = &rings[r];
    const int32_t rest = ring->capacity - ring->start, straight = n < rest ? n : rest;
    double *out = (double *)v + r;
    for (int32_t j = 0, i = ring->start; j < straight; j++, i++) out[j * lanes] = ring->values[i];
    for (int32_t j = straight, i = 0; j < n; j++, i++) out[j * lanes] = ring->values[i];
  }
}

CK_INLINE four lesser(four a, four b) { return a < b ? a : b; }
CK_INLINE four greater(four a, four b) { return a > b ? a : b; }

CK_INLINE four sum_of_eight(const four *v) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

/// 2^exponent values as a full binary tree.
CK_INLINE four sum_of_block(const four *v, int exponent) {
  switch (exponent) {
  case 0: return v[0];
  case 1: return v[0] + v[1];
  case 2: return (v[0] + v[1]) + (v[2] + v[3]);
  case 3: return sum_of_eight(v);
  }
  four parts[most / 8];
  int count = 1 << (exponent - 3);
  for (int k = 0; k < count; k++) parts[k] = sum_of_eight(v + 8 * k);
  while (count > 1) {
    count /= 2;
    for (int k = 0; k < count; k++) parts[k] = parts[2 * k] + parts[2 * k + 1];
  }
  return parts[0];
}

CK_INLINE four tree_sum(const four *v, int32_t n, uint64_t cut) {
  int exponent = cut & 15;
  four sum = sum_of_block(v, exponent);
  for (int32_t done = 1 << exponent; done < n; done += 1 << exponent) {
    cut >>= 4;
    exponent = cut & 15;
    sum += sum_of_block(v + done, exponent);
  }
  return sum;
}

CK_INLINE four finite_or_nan(four x) { return x - x == 0 ? x : (four)NAN; }

/// The mean, kept between the least and the greatest value.
CK_INLINE four mean(const four *v, int32_t n, uint64_t cut) {
  four low = v[0], high = v[0];
  for (int32_t j = 1; j < n; j++) {
    low = lesser(v[j], low);
    high = greater(v[j], high);
  }
  const four mean = tree_sum(v, n, cut) / (double)n;
  const four above = low >= mean ? low : mean;
  const four between = high < above ? high : above;
  return mean - mean == 0 ? between : (four)NAN;
}

/// Whether the n + 1 samples from `start` on are a step apart, each from the next.
CK_INLINE int is_even(const ck_ring *ring, int32_t n, int64_t step) {
  const int32_t capacity = ring->capacity, start = ring->start;
  const int64_t *times = (const int64_t *)(ring->values + capacity);
  const int32_t straight = n < capacity - 1 - start ? n : capacity - 1 - start;
  int64_t other = 0;
  for (int32_t j = start; j < start + straight; j++) other |= (times[j + 1] - times[j]) ^ step;
  if (straight < n) {
    other |= (times[0] - times[capacity - 1]) ^ step;
    for (int32_t j = 0; j < n - straight - 1; j++) other |= (times[j + 1] - times[j]) ^ step;
  }
  return other == 0;
}

/// The seconds between the samples of each window, summed as the steps are.
CK_INLINE four seconds(const ck_ring *rings, int32_t n, uint64_t cut, int64_t step, double even) {
  int is_all_even = 1;
  for (int r = 0; r < lanes; r++) is_all_even &= is_even(&rings[r], n, step);
  if (is_all_even) return (four){even, even, even, even};
  four parts[most];
  for (int r = 0; r < lanes; r++) {
    const int32_t capacity = rings[r].capacity;
    const int64_t *times = (const int64_t *)(rings[r].values + capacity);
    int32_t i = rings[r].start;
    int64_t before = times[i];
    for (int32_t j = 0; j < n; j++) {
      i = i + 1 == capacity ? 0 : i + 1;
      parts[j][r] = (double)(times[i] - before) / 1000;
      before = times[i];
    }
  }
  return tree_sum(parts, n, cut);
}

/// The same of samples that are a step apart.
CK_INLINE double even_seconds(const ck_window *w) {
  four parts[most];
  const double usual = (double)w->step / 1000;
  for (int32_t j = 0; j < w->length; j++) parts[j] = (four){usual, usual, usual, usual};
  return tree_sum(parts, w->length, w->cut)[0];
}

CK_INLINE four term(const ck_window *w, const ck_ring *rings, double even) {
  const int32_t n = w->length;
  four v[most];
  gather(rings, w->kind >= CK_WINDOW_INCREASE ? n + 1 : n, v);
  switch (w->kind) {
  case CK_WINDOW_AVG: return mean(v, n, w->cut);
  case CK_WINDOW_SUM: return finite_or_nan(tree_sum(v, n, w->cut));
  case CK_WINDOW_MIN: {
    four low = v[0];
    for (int32_t j = 1; j < n; j++) low = lesser(v[j], low);
    return low;
  }
  case CK_WINDOW_MAX: {
    four high = v[0];
    for (int32_t j = 1; j < n; j++) high = greater(v[j], high);
    return high;
  }
  case CK_WINDOW_CHANGES: {
    four changes = 0;
    for (int32_t j = 0; j < n; j++) changes += v[j] != v[j + 1] ? (four)1.0 : (four)0.0;
    return changes;
  }
  default: {
    // A drop is a reset: the counter began again at 0.
    for (int32_t j = 0; j < n; j++) v[j] = v[j + 1] >= v[j] ? v[j + 1] - v[j] : v[j + 1];
    const four increase = tree_sum(v, n, w->cut);
    if (w->kind == CK_WINDOW_INCREASE) return finite_or_nan(increase);
    return finite_or_nan(increase / seconds(rings, n, w->cut, w->step, even));
  }
  }
}

CK_INLINE void windows(const ck_window *w, const ck_ring *rings, size_t count, double *out) {
  const double even = w->kind == CK_WINDOW_RATE ? even_seconds(w) : 0;
  for (size_t i = 0; i < count; i += lanes) {
    ck_ring rest[lanes];
    const ck_ring *some = rings + i;
    if (count - i < lanes) {
      for (size_t r = 0; r < lanes; r++) rest[r] = rings[i + r < count ? i + r : i];
      some = rest;
    }
    const four values = term(w, some, even);
    for (size_t r = 0; r < lanes && i + r < count; r++) out[i + r] = values[r];
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void windows_avx2(
    const ck_window *w, const ck_ring *rings, size_t count, double *out) {
  windows(w, rings, count, out);
}
#endif

void ck_windows(const ck_window *w, const ck_ring *rings, size_t count, double *out) {
#if defined(__x86_64__)
  if (ck_width() >= 2) return windows_avx2(w, rings, count, out);
#endif
  windows(w, rings, count, out);
}

// Terms of some series of one instance, of which the last ticks of the window may have nothing yet.

/// Of a block that has values in its first n ticks only: halves of halves, each joined to what follows it.
CK_INLINE four sum_of_beginning(const four *v, int32_t n) {
  four parts[7];
  int count = 0;
  while (n > 0) {
    const int exponent = 31 - __builtin_clz((unsigned)n);
    parts[count++] = sum_of_block(v, exponent);
    v += 1 << exponent;
    n -= 1 << exponent;
  }
  four sum = parts[--count];
  while (count > 0) sum = parts[--count] + sum;
  return sum;
}

/// Of values in the window's first n ticks.
CK_INLINE four sum_of_first(const four *v, int32_t n, uint64_t cut) {
  int exponent = cut & 15;
  // Not 0 + the first block: -0 would become 0.
  four sum = n >> exponent ? sum_of_block(v, exponent) : sum_of_beginning(v, n);
  for (int32_t done = 1 << exponent; done < n; done += 1 << exponent) {
    cut >>= 4;
    exponent = cut & 15;
    const int32_t left = n - done;
    sum += left >> exponent ? sum_of_block(v + done, exponent) : sum_of_beginning(v + done, left);
  }
  return sum;
}

/// The seconds between the n + 1 samples of each ring that a rate is wanted of, summed as the steps are.
CK_INLINE four seconds_of_first(const ck_term *terms, size_t count, int32_t n) {
  const ck_window *w = terms->window;
  // Samples mostly come one step apart, and divisions are slow.
  const double usual = (double)w->step / 1000;
  four parts[most];
  for (int32_t j = 0; j < n; j++) parts[j] = (four){usual, usual, usual, usual};
  for (size_t r = 0; r < count; r++) {
    const ck_ring *ring = &terms[r].ring;
    if (terms[r].kind != CK_WINDOW_RATE || is_even(ring, n, w->step)) continue;
    const int64_t *times = (const int64_t *)(ring->values + ring->capacity);
    int32_t i = ring->start;
    int64_t before = times[i];
    for (int32_t j = 0; j < n; j++) {
      i = i + 1 == ring->capacity ? 0 : i + 1;
      if (times[i] - before != w->step) parts[j][r] = (double)(times[i] - before) / 1000;
      before = times[i];
    }
  }
  return sum_of_first(parts, n, w->cut);
}

/// Of some terms of one window and number of samples, none of pairs.
CK_INLINE void plain_terms(const ck_term *terms, size_t count, const ck_ring *rings) {
  const int32_t n = terms->entries;
  four v[most];
  gather(rings, n, v);
  four low = v[0], high = v[0];
  for (int32_t j = 1; j < n; j++) {
    low = lesser(v[j], low);
    high = greater(v[j], high);
  }
  const four sum = sum_of_first(v, n, terms->window->cut);
  const four average = sum / (double)n;
  const four above = low >= average ? low : average;
  const four between = high < above ? high : above;
  const four mean = average - average == 0 ? between : (four)NAN;
  const four total = finite_or_nan(sum);
  for (size_t r = 0; r < count; r++) {
    switch (terms[r].kind) {
    case CK_WINDOW_AVG: *terms[r].out = mean[r]; break;
    case CK_WINDOW_SUM: *terms[r].out = total[r]; break;
    case CK_WINDOW_MIN: *terms[r].out = low[r]; break;
    default: *terms[r].out = high[r];
    }
  }
}

/// The same of terms over pairs.
CK_INLINE void growth_terms(const ck_term *terms, size_t count, const ck_ring *rings) {
  const ck_window *w = terms->window;
  const int32_t n = terms->entries;
  four v[most];
  gather(rings, n + 1, v);
  int has_rate = 0;
  for (size_t r = 0; r < count; r++) has_rate |= terms[r].kind == CK_WINDOW_RATE;
  four changes = 0;
  for (int32_t j = 0; j < n; j++) {
    changes += v[j] != v[j + 1] ? (four)1.0 : (four)0.0;
    // A drop is a reset: the counter began again at 0.
    v[j] = v[j + 1] >= v[j] ? v[j + 1] - v[j] : v[j + 1];
  }
  const four increase = sum_of_first(v, n, w->cut);
  const four rate = has_rate ? increase / seconds_of_first(terms, count, n) : increase;
  for (size_t r = 0; r < count; r++) {
    switch (terms[r].kind) {
    case CK_WINDOW_CHANGES: *terms[r].out = changes[r]; break;
    case CK_WINDOW_RATE: *terms[r].out = rate[r] - rate[r] == 0 ? rate[r] : NAN; break;
    default: *terms[r].out = increase[r] - increase[r] == 0 ? increase[r] : NAN;
    }
  }
}

CK_INLINE void some_terms(const ck_term *terms, size_t count) {
  while (count > 0) {
    const int is_growth = terms->kind >= CK_WINDOW_INCREASE;
    // As many at once as are alike.
    size_t alike = 1;
    while (alike < lanes && alike < count && terms[alike].window == terms->window &&
           terms[alike].entries == terms->entries && (terms[alike].kind >= CK_WINDOW_INCREASE) == is_growth) {
      alike++;
    }
    ck_ring rings[lanes];
    for (size_t r = 0; r < lanes; r++) rings[r] = terms[r < alike ? r : 0].ring;
    if (is_growth) {
      growth_terms(terms, alike, rings);
    } else {
      plain_terms(terms, alike, rings);
    }
    terms += alike;
    count -= alike;
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void terms_avx2(const ck_term *terms, size_t count) {
  some_terms(terms, count);
}
#endif

void ck_window_terms(const ck_term *terms, size_t count) {
#if defined(__x86_64__)
  if (ck_width() >= 2) return terms_avx2(terms, count);
#endif
  some_terms(terms, count);
}
