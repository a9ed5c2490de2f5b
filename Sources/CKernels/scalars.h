// Arithmetic on one value, as the plain evaluator has it.
#ifndef CK_SCALARS_H
#define CK_SCALARS_H

#include <math.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

/// Results that are not finite are unknown.
static inline double finite_or_nan(double v) { return fabs(v) < INFINITY ? v : NAN; }
// Of equal zeros of either sign the left one.
static inline double minimum(double a, double b) { return b < a ? b : a; }
static inline double maximum(double a, double b) { return b > a ? b : a; }
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
