// The loops of the decision kernel: one program, run over columns of instances or over one instance.
//
// A number is a double, NaN = unknown. A truth in columns is two planes of bits, one bit per instance: certainly true and
// certainly false; neither is unknown. The negation of a truth is the exchange of its planes.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
  // numbers ← numbers; of the kinds that end in _C the right side is the constant `x`
  CK_NEGATE, CK_ABSOLUTE,
  CK_ADD, CK_SUBTRACT, CK_MULTIPLY, CK_DIVIDE, CK_MINIMUM, CK_MAXIMUM,
  CK_ADD_C, CK_MULTIPLY_C, CK_DIVIDE_C, CK_MINIMUM_C, CK_MAXIMUM_C,
  // x − a and x ÷ a
  CK_C_SUBTRACT, CK_C_DIVIDE,
  // the share of a above `x`, in widths of `y`, between 0 and 1, times `z`
  CK_RAMP,
  // a where it is known, else b
  CK_SELECT,
  // truths ← numbers
  CK_GREATER, CK_EQUAL, CK_GREATER_C, CK_EQUAL_C,
  // truths ← strings: a − `base` is a bit of `mask`; a and b are the same
  CK_MEMBER, CK_SAME_STRING,
  // truths ← truths: t ← a & b, f ← c | d
  CK_AND,
};

/// One step. Numbers, strings and planes are given by their place in the tables of `ck_columns`.
typedef struct {
  uint16_t kind;
  /// Bit 0 (1): a (b) is an input that no earlier operation reads, so its next chunk is fetched here.
  uint16_t fetch;
  uint32_t base;
  /// A number, or the plane of what is certainly true.
  int32_t t;
  /// The plane of what is certainly false.
  int32_t f;
  int32_t a, b, c, d;
  double x, y, z;
  uint64_t mask;
} ck_op;

/// What a rule of constant worth adds, in thousandths: `low` where plane `t` is set, `high` where `h` ^ `flip` is.
typedef struct {
  int32_t t, h;
  uint64_t flip;
  int64_t low, high;
} ck_weight;

/// What a rule adds whose worth is a number: as thousandths of `value`, or `low` and `high` where that is unknown.
typedef struct {
  int32_t t, h;
  uint64_t flip;
  int32_t value;
  int64_t low, high;
} ck_graded;

/// A rule that protects (0), quarantines (1) or replaces (2).
typedef struct {
  int32_t t, h;
  uint64_t flip;
  int32_t effect;
} ck_effect;

typedef struct {
  const ck_op *ops;
  const ck_weight *weights;
  const ck_graded *graded;
  const ck_effect *effects;
  int32_t op_count, weight_count, graded_count, effect_count;
  /// Numbers below this place are inputs.
  int32_t inputs;
  /// No sum of contributions leaves 31 bits.
  int32_t is_narrow;
} ck_program;

/// Where columns are, all by absolute row.
typedef struct {
  /// Inputs, constants, results of operations.
  double *const *numbers;
  const uint32_t *const *strings;
  uint64_t *const *planes;
  /// The inputs of the chunk that comes next; NULL, or one of them is: there is nothing to fetch.
  const double *const *next;
  int64_t *low, *high;
  /// Certainly and possibly, per effect.
  uint64_t *effects[6];
  /// Operations times 64 rows that were executed.
  uint64_t executed;
} ck_columns;

/// Runs words [first, first + count) of 64 rows each.
typedef void (*ck_run_columns)(const ck_program *, ck_columns *, size_t first, size_t count);

/// One instance by the list of operations: as for columns, with a byte (0 or 1) for a plane.
typedef struct {
  /// What is copied to the start of `numbers`.
  const double *inputs;
  double *numbers;
  const uint32_t *strings;
  uint8_t *planes;
  /// What the compact form has instead: 1 true, −1 false, 0 unknown.
  int8_t *truths;
  /// For the compact form: the bits of truths that are given.
  uint64_t given_true, given_false;
  int64_t low, high;
  /// By place in the outcomes (see ck_compact): what is certain, what is possible.
  uint64_t certain, possible;
  /// Certainly and possibly, per effect; of the list of operations alone.
  uint8_t effects[6];
  /// Operations that were executed; of the list of operations alone.
  uint64_t executed;
} ck_row;

// One instance in the compact form: at most 64 truths, all in one register, a byte each. True is 1, false −1, unknown 0; so
// *and* is the minimum and a negation changes the sign. Operations of one kind that do not need one another run side by side.

/// One number from others; places in a file of inputs, constants and results.
typedef struct {
  int32_t t, a, b, unused;
  double x, y, z;
} ck_step;

/// Steps of one kind, none of which needs another.
typedef struct {
  int32_t kind, first, count, unused;
} ck_run;

/// Up to 8 inputs in a row, each compared with a threshold; the truths have places from `shift`.
typedef struct {
  double thresholds[8];
  int32_t first;
  uint32_t mask;
  uint64_t shift, unused[6];
} ck_layer;

/// A comparison of numbers: a > b, or a = b.
typedef struct {
  int32_t place, a, b;
} ck_leaf;

/// What a rule adds whose worth is a ramp: `ck_graded` with the step that computes it.
typedef struct {
  int32_t a, value;
  double x, y, z;
  int64_t low, high;
} ck_ramp;

/// A comparison of strings: CK_MEMBER or CK_SAME_STRING.
typedef struct {
  int32_t kind, place, a, b;
  uint32_t base, unused;
  uint64_t mask;
} ck_word;

/// All truths that need only earlier ones: at the places of `mask`, a & b; where `splits` is set too, true where a is and
/// false where b is. The same by bytes, for processors that have no masks: −1 where a or b is negated, else 1; all bits of
/// the places that are set.
typedef struct {
  uint8_t a[64], b[64];
  uint64_t negate_a, negate_b, mask, splits, unused[4];
  int8_t sign_a[64], sign_b[64];
  uint8_t mask_bytes[64], split_bytes[64];
} ck_level;

typedef struct {
  /// Truths that count, in the order: rules of constant worth, ramps, other graded ones, effects.
  uint8_t outcomes[64];
  /// −1 where they are negated, else 1.
  int8_t signs[64];
  const ck_run *runs;
  const ck_step *steps;
  const ck_layer *layers;
  const ck_leaf *greater, *equal;
  const ck_word *words;
  const ck_level *levels;
  const ck_ramp *ramps;
  const ck_graded *graded;
  /// What the bits of each eight rules of constant worth add up to.
  const int64_t *lows, *highs;
  int32_t input_count, run_count, layer_count, greater_count, equal_count, word_count, level_count, ramp_count, graded_count, table_count, weight_count;
  /// Places of truths, and of outcomes, that are in use.
  int32_t truth_count, outcome_count;
  /// Of `outcomes`: what is negated, and where the unknown is ignored.
  uint64_t negate, ignores;
} ck_compact;

typedef void (*ck_run_row)(const ck_program *, ck_row *);
typedef void (*ck_run_compact)(const ck_compact *, ck_row *);

/// The widest of these loops that this processor has: 3 AVX-512, 2 AVX2, 1 SSE2, 0 none of them.
int ck_width(void);

/// Of scores in thousandths the band: 0 below `watch`, 1 from there, 2 from `replace`.
void ck_bands(const int64_t *low, size_t count, int64_t watch, int64_t replace, uint8_t *out);

#if defined(__x86_64__)
void ck_columns_avx512(const ck_program *, ck_columns *, size_t first, size_t count);
void ck_compact_avx512(const ck_compact *, ck_row *);
void ck_columns_avx2(const ck_program *, ck_columns *, size_t first, size_t count);
void ck_compact_avx2(const ck_compact *, ck_row *);
void ck_columns_sse2(const ck_program *, ck_columns *, size_t first, size_t count);
#endif
void ck_columns_portable(const ck_program *, ck_columns *, size_t first, size_t count);
void ck_row_portable(const ck_program *, ck_row *);
void ck_compact_portable(const ck_compact *, ck_row *);

// Windows of series whose samples came one in each tick, the same term of many series at once, or some of one instance.

enum {
  CK_WINDOW_AVG, CK_WINDOW_SUM, CK_WINDOW_MIN, CK_WINDOW_MAX,
  // of pairs of consecutive samples
  CK_WINDOW_INCREASE, CK_WINDOW_RATE, CK_WINDOW_CHANGES,
};

typedef struct {
  int32_t kind;
  /// Samples in the window, or pairs; at most 64.
  int32_t length;
  /// The exponents of the blocks that sums are cut into, four bits each, the oldest lowest.
  uint64_t cut;
  /// In milliseconds, what mostly lies between two samples.
  int64_t step;
} ck_window;

/// A ring of `capacity` values, and `capacity` times behind them; the window, or its first pair, starts at `start`.
typedef struct {
  const double *values;
  int32_t start, capacity;
} ck_ring;

/// The term of each ring; NaN where it is not finite.
void ck_windows(const ck_window *, const ck_ring *, size_t count, double *out);

/// A term of one ring that has `entries` samples, one in each of the window's first ticks (and for pairs one before them).
typedef struct {
  /// Its `kind` means nothing here. Neighbours of one window, by its address, and of as many samples are worked out together.
  const ck_window *window;
  ck_ring ring;
  int32_t kind, entries;
  /// NaN where it is not finite.
  double *out;
} ck_term;

void ck_window_terms(const ck_term *, size_t count);

#endif
