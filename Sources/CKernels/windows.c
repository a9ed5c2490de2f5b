// Window terms of many series, four at a time: one sample in each tick of the window.
#include "CKernels.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF
// All that has vectors for arguments is inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#define CK_INLINE static inline __attribute__((always_inline))

enum { lanes = 4, most = 65 };
typedef double four __attribute__((ext_vector_type(4)));

/// The values of four rings as columns: entry j of each, from where their windows start.
CK_INLINE void gather(const ck_ring *rings, int32_t n, four *v) {
  const int32_t start = rings[0].start, capacity = rings[0].capacity;
  int same = 1;
  for (int r = 1; r < lanes; r++) same &= rings[r].start == start && rings[r].capacity == capacity;
  if (same) {
    // As in a fleet that is fed in step.
    const int32_t straight = n < capacity - start ? n : capacity - start;
    const double *a = rings[0].values, *b = rings[1].values, *c = rings[2].values, *d = rings[3].values;
    for (int32_t j = 0, i = start; j < straight; j++, i++) v[j] = (four){a[i], b[i], c[i], d[i]};
    for (int32_t j = straight, i = 0; j < n; j++, i++) v[j] = (four){a[i], b[i], c[i], d[i]};
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

/// The seconds between the samples of each window, summed as the steps are.
CK_INLINE four seconds(const ck_ring *rings, int32_t n, uint64_t cut, int64_t step) {
  four parts[most];
  const double usual = (double)step / 1000;
  for (int r = 0; r < lanes; r++) {
    const int32_t capacity = rings[r].capacity;
    const int64_t *times = (const int64_t *)(rings[r].values + capacity);
    int32_t i = rings[r].start;
    int64_t before = times[i];
    for (int32_t j = 0; j < n; j++) {
      i = i + 1 == capacity ? 0 : i + 1;
      // Samples mostly come a step apart, and divisions are slow.
      const int64_t length = times[i] - before;
      parts[j][r] = length == step ? usual : (double)length / 1000;
      before = times[i];
    }
  }
  return tree_sum(parts, n, cut);
}

CK_INLINE four term(const ck_window *w, const ck_ring *rings) {
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
    return finite_or_nan(increase / seconds(rings, n, w->cut, w->step));
  }
  }
}

CK_INLINE void windows(const ck_window *w, const ck_ring *rings, size_t count, double *out) {
  for (size_t i = 0; i < count; i += lanes) {
    ck_ring rest[lanes];
    const ck_ring *some = rings + i;
    if (count - i < lanes) {
      for (size_t r = 0; r < lanes; r++) rest[r] = rings[i + r < count ? i + r : i];
      some = rest;
    }
    const four values = term(w, some);
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
