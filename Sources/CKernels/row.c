// One instance: the operations of the column form, one value at a time.
#include "CKernels.h"
#include "compact.inc"

static void step(const ck_op *op, ck_row *r) {
  const double *n = r->numbers;
  uint8_t *p = r->planes;
  const double x = op->x;
  switch (op->kind) {
  case CK_NEGATE: r->numbers[op->t] = -n[op->a]; break;
  case CK_ABSOLUTE: r->numbers[op->t] = fabs(n[op->a]); break;
  case CK_ADD: r->numbers[op->t] = finite_or_nan(n[op->a] + n[op->b]); break;
  case CK_SUBTRACT: r->numbers[op->t] = finite_or_nan(n[op->a] - n[op->b]); break;
  case CK_MULTIPLY: r->numbers[op->t] = finite_or_nan(n[op->a] * n[op->b]); break;
  case CK_DIVIDE: r->numbers[op->t] = finite_or_nan(n[op->a] / n[op->b]); break;
  case CK_MINIMUM: r->numbers[op->t] = n[op->b] == n[op->b] ? minimum(n[op->a], n[op->b]) : NAN; break;
  case CK_MAXIMUM: r->numbers[op->t] = n[op->b] == n[op->b] ? maximum(n[op->a], n[op->b]) : NAN; break;
  case CK_ADD_C: r->numbers[op->t] = finite_or_nan(n[op->a] + x); break;
  case CK_MULTIPLY_C: r->numbers[op->t] = finite_or_nan(n[op->a] * x); break;
  case CK_DIVIDE_C: r->numbers[op->t] = finite_or_nan(n[op->a] / x); break;
  case CK_MINIMUM_C: r->numbers[op->t] = minimum(n[op->a], x); break;
  case CK_MAXIMUM_C: r->numbers[op->t] = maximum(n[op->a], x); break;
  case CK_C_SUBTRACT: r->numbers[op->t] = finite_or_nan(x - n[op->a]); break;
  case CK_C_DIVIDE: r->numbers[op->t] = finite_or_nan(x / n[op->a]); break;
  case CK_RAMP: r->numbers[op->t] = ramp(n[op->a], x, op->y, op->z); break;
  case CK_SELECT: r->numbers[op->t] = n[op->a] == n[op->a] ? n[op->a] : n[op->b]; break;
  case CK_GREATER:
    p[op->t] = n[op->a] > n[op->b];
    p[op->f] = n[op->a] <= n[op->b];
    break;
  case CK_EQUAL:
    p[op->t] = n[op->a] == n[op->b];
    p[op->f] = differs(n[op->a], n[op->b]);
    break;
  case CK_GREATER_C:
    p[op->t] = n[op->a] > x;
    p[op->f] = n[op->a] <= x;
    break;
  case CK_EQUAL_C:
    p[op->t] = n[op->a] == x;
    p[op->f] = differs(n[op->a], x);
    break;
  case CK_MEMBER: {
    const uint32_t code = r->strings[op->a];
    const uint64_t is_member = member(code, op->base, op->mask);
    p[op->t] = is_member;
    p[op->f] = (code != 0) & !is_member;
    break;
  }
  case CK_SAME_STRING: {
    const uint32_t a = r->strings[op->a], b = r->strings[op->b];
    const int known = (a != 0) & (b != 0);
    p[op->t] = known & (a == b);
    p[op->f] = known & (a != b);
    break;
  }
  case CK_AND: {
    const uint8_t t = p[op->a] & p[op->b], f = p[op->c] | p[op->d];
    p[op->t] = t;
    p[op->f] = f;
    break;
  }
  }
}

void ck_row_portable(const ck_program *program, ck_row *r) {
  for (int32_t i = 0; i < program->inputs; i++) r->numbers[i] = r->inputs[i];
  for (int32_t k = 0; k < program->op_count; k++) {
    step(&program->ops[k], r);
    r->executed++;
  }
  const uint8_t *p = r->planes;
  int64_t low = 0, high = 0;
  for (int32_t k = 0; k < program->weight_count; k++) {
    const ck_weight *w = &program->weights[k];
    low += p[w->t] ? w->low : 0;
    high += p[w->h] ^ (w->flip & 1) ? w->high : 0;
  }
  for (int32_t k = 0; k < program->graded_count; k++) {
    const ck_graded *g = &program->graded[k];
    const double worth = r->numbers[g->value];
    const int known = worth == worth;
    const int64_t value = thousandths(known ? worth : 0);
    low += p[g->t] ? (known ? value : g->low) : 0;
    high += p[g->h] ^ (g->flip & 1) ? (known ? value : g->high) : 0;
  }
  r->low = low;
  r->high = high;
  for (int k = 0; k < 6; k++) r->effects[k] = 0;
  for (int32_t k = 0; k < program->effect_count; k++) {
    const ck_effect *e = &program->effects[k];
    r->effects[e->effect * 2] |= p[e->t];
    r->effects[e->effect * 2 + 1] |= p[e->h] ^ (e->flip & 1);
  }
  r->executed +=
      (uint64_t)(program->weight_count + program->graded_count + program->effect_count);
}

void ck_compact_portable(const ck_compact *p, ck_row *r) {
  for (int32_t i = 0; i < p->input_count; i++) r->numbers[i] = r->inputs[i];
  run_steps(p, r->numbers);
  uint64_t is_true = r->given_true, is_false = r->given_false;
  for (const ck_layer *l = p->layers; l < p->layers + p->layer_count; l++) {
    uint64_t t = 0, f = 0;
    for (int i = 0; i < 8; i++) {
      const double value = l->mask >> i & 1 ? r->inputs[l->first + i] : NAN;
      t |= (uint64_t)(value > l->thresholds[i]) << i;
      f |= (uint64_t)(value <= l->thresholds[i]) << i;
    }
    is_true |= t << l->shift;
    is_false |= f << l->shift;
  }
  run_leaves(p, r->numbers, r->strings, &is_true, &is_false);
  for (int i = 0; i < 64; i++) r->truths[i] = (int8_t)((is_true >> i & 1) - (is_false >> i & 1));
  for (const ck_level *l = p->levels; l < p->levels + p->level_count; l++) {
    for (uint64_t left = l->mask; left; left &= left - 1) {
      const int i = __builtin_ctzll(left);
      const int8_t a = l->negate_a >> i & 1 ? -r->truths[l->a[i]] : r->truths[l->a[i]];
      const int8_t b = l->negate_b >> i & 1 ? -r->truths[l->b[i]] : r->truths[l->b[i]];
      r->truths[i] = l->splits >> i & 1 ? (a > 0) - (b < 0) : a < b ? a : b;
    }
  }
  uint64_t t = 0, h = 0;
  for (int i = 0; i < 64; i++) {
    const int8_t truth = p->negate >> i & 1 ? -r->truths[p->outcomes[i]] : r->truths[p->outcomes[i]];
    t |= (uint64_t)(truth > 0) << i;
    h |= (uint64_t)(truth >= 0) << i;
  }
  run_score(p, r, t, (h & ~p->ignores) | (t & p->ignores));
}
