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
  // the share of a above `x`, in widths of `y`, between 0 and 1
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
  double x, y;
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

/// The registers of one instance: as for columns, with a byte (0 or 1) for a plane.
typedef struct {
  double *numbers;
  const uint32_t *strings;
  uint8_t *planes;
  int64_t low, high;
  uint8_t effects[6];
  /// Operations that were executed.
  uint64_t executed;
} ck_row;

typedef void (*ck_run_row)(const ck_program *, ck_row *);

void ck_columns_portable(const ck_program *, ck_columns *, size_t first, size_t count);
void ck_row_portable(const ck_program *, ck_row *);

#endif
