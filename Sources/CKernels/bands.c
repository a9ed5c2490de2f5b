// Scores as bands: 0 below `watch`, 1 from there, 2 from `replace`.
#include "CKernels.h"

static inline __attribute__((always_inline)) void bands(
    const int64_t *low, size_t count, int64_t watch, int64_t replace, uint8_t *out) {
  for (size_t i = 0; i < count; i++) out[i] = (uint8_t)((low[i] >= watch) + (low[i] >= replace));
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))) static void bands_avx512(
    const int64_t *low, size_t count, int64_t watch, int64_t replace, uint8_t *out) {
  bands(low, count, watch, replace, out);
}
__attribute__((target("avx2"))) static void bands_avx2(
    const int64_t *low, size_t count, int64_t watch, int64_t replace, uint8_t *out) {
  bands(low, count, watch, replace, out);
}
#endif

void ck_bands(const int64_t *low, size_t count, int64_t watch, int64_t replace, uint8_t *out) {
#if defined(__x86_64__)
  const int width = ck_width();
  if (width == 3) return bands_avx512(low, count, watch, replace, out);
  if (width == 2) return bands_avx2(low, count, watch, replace, out);
#endif
  bands(low, count, watch, replace, out);
}
