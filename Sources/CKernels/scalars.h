// Arithmetic on one value, as the plain evaluator has it.
#ifndef CK_SCALARS_H
#define CK_SCALARS_H

#include <math.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

/// Results that are not finite are unknown: v − v has no bits for what is finite, and is NaN for the rest.
static inline double finite_or_nan(double v) {
#if defined(__x86_64__)
  // In one register file: through the other one it would take three times as long.
  return _mm_cvtsd_f64(_mm_or_pd(_mm_set_sd(v), _mm_set_sd(v - v)));
#else
  return fabs(v) < INFINITY ? v : NAN;
#endif
}
// Of equal zeros of either sign the left one.
static inline double minimum(double a, double b) { return b < a ? b : a; }
static inline double maximum(double a, double b) { return b > a ? b : a; }
/// (a − x) ÷ y between 0 and 1, times z. That the difference is not finite shows in the quotient.
static inline double ramp(double a, double x, double y, double z) {
  return minimum(maximum(finite_or_nan((a - x) / y), 0), 1) * z;
}
static inline int differs(double a, double b) { return (a < b) | (a > b); }

/// Whether a code, less the base, is a bit of the mask; code 0 (unknown) never is.
static inline uint64_t member(uint32_t code, uint32_t base, uint64_t mask) {
  const uint32_t place = code - base;
  return code != 0 && place < 64 ? mask >> place & 1 : 0;
}

/// Points as whole thousandths, half away from zero. Below 2^52 adding the double before ½ and cutting off rounds so.
static inline int64_t thousandths(double points) {
  const double above = points > 0 ? points : 0;
  const double bounded = above < 1e12 ? above : 1e12;
  return (int64_t)(bounded * 1000 + 0.49999999999999994);
}

#endif
