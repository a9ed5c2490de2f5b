// Where in a text of lines the sequences of a filter occur: the kernels behind `LineFilter`.
//
// Swift builds the tables; here they are only read. A filter may be used by many threads, a scratch by one.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CM_WIDTH = 4, CM_BUCKETS = 8, CM_GRAM_TABLES = 3, CM_HEADS = 8192 };

// The instruction sets that there are kernels for. All find the same.
enum cm_level { CM_PLAIN = 0, CM_SSSE3 = 1, CM_AVX2 = 2, CM_AVX512 = 3, CM_NEON = 4 };

// Whether this processor has it.
int cm_has_level(int level);
// The quickest one that this processor has.
int cm_best_level(void);

// Bytes in a row, each of a set.
typedef struct {
  uint32_t pattern;
  uint32_t length;
  // Into `bytes`: values, then as many masks, each padded with zeros to a multiple of 8: (byte & mask) == value.
  uint32_t bytes;
  // Into `classes`: the places where a mask does not tell the set.
  uint32_t classes;
  uint32_t class_count;
  // Of `sets`: what the byte before and behind must be, if there is one in the line; -1: any.
  int32_t before;
  int32_t after;
} cm_sequence;

typedef struct {
  uint32_t offset;
  uint32_t set;
} cm_class;

// A sequence, and where in it the window lies that is looked for.
typedef struct {
  uint32_t sequence;
  uint32_t offset;
} cm_window;

// A gram of a sequence; `next` is the next one with the same head, 0: none.
typedef struct {
  uint64_t gram;
  uint32_t sequence;
  uint32_t offset;
  uint32_t next;
} cm_gram;

// Windows of `width` bytes in 8 buckets: bit b of a table's entry says that the byte occurs there in bucket b.
typedef struct {
  int32_t width;  // 0: none
  int32_t is_ascii;  // the first three tables hold no byte beyond 0x7F
  uint8_t tables[CM_WIDTH][256];
  uint8_t low[CM_WIDTH][16];   // by the lower half of a byte
  uint8_t high[CM_WIDTH][16];  // by the upper half
  uint8_t seven[CM_WIDTH][128];  // by the lower seven bits
  uint32_t starts[CM_BUCKETS + 1];
  const cm_window *windows;
} cm_shuffle;

// Grams of `length` bytes at each `stride`-th place of the text.
typedef struct {
  int32_t stride;
  int32_t length;
  int32_t bits;
  uint64_t fold;  // or'ed to the text
  uint64_t mask;
  const uint64_t *bitmap;
  const uint32_t *heads;
  const cm_gram *grams;
} cm_grams;

typedef struct {
  const uint8_t *bytes;
  const cm_sequence *sequences;
  const cm_class *classes;
  const uint64_t *sets;  // four words each
  cm_shuffle shuffle;
  cm_grams grams[CM_GRAM_TABLES];
  int32_t gram_count;
} cm_filter;

// A line that holds what a pattern requires.
typedef struct {
  uint32_t line;  // where it begins
  uint32_t end;   // behind its last byte, without `\r\n`
  uint32_t pattern;
  uint32_t at;  // where the first occurrence begins
} cm_candidate;

typedef struct {
  cm_candidate *candidates;
  size_t count;
  size_t capacity;
  uint32_t *last;  // by pattern: its newest candidate
} cm_scratch;

// Puts the candidates of a text into the scratch, each pattern and line once, in no order that counts.
//
// `text` begins at a line's beginning and is shorter than 4 GiB. Nothing outside of it is read.
void cm_scan(const cm_filter *filter, int level, const uint8_t *text, size_t count, cm_scratch *scratch);

// The hash of a gram: the top `bits` bits index the bitmap, and of those the lower ones a head.
static inline uint64_t cm_hash(uint64_t gram, int bits) { return (gram * 0x9E3779B97F4A7C15ull) >> (64 - bits); }

// Where a line ends, without its `\n`: `count` if the text ends first.
size_t cm_line_end(const uint8_t *text, size_t from, size_t count);

#ifdef __cplusplus
}
#endif
