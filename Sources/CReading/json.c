#include "CReading.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Where the string ends whose first byte is at `place`: at its closing quote; SIZE_MAX: nowhere, or it holds what only a reader of
// JSON can judge.
static inline size_t string_end(const uint8_t *line, size_t place, size_t count, uint32_t *has_escapes) {
  while (place < count) {
#if defined(__SSE2__)
    if (place + 16 <= count) {
      __m128i text = _mm_loadu_si128((const void *)(line + place));
      __m128i special = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')), _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
      special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text));
      unsigned found = (unsigned)_mm_movemask_epi8(special);
      if (!found) {
        place += 16;
        continue;
      }
      place += (size_t)__builtin_ctz(found);
    }
#endif
    uint8_t byte = line[place];
    if (byte == '"') return place;
    if (byte < 0x20) return SIZE_MAX;
    if (byte != '\\') {
      place++;
      continue;
    }
    if (place + 1 >= count || !line[place + 1] || !strchr("\"\\/bfnrt", line[place + 1])) return SIZE_MAX;
    *has_escapes = 1;
    place += 2;
  }
  return SIZE_MAX;
}

static inline int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

static inline size_t digits_end(const uint8_t *line, size_t place, size_t count) {
  while (place < count && is_digit(line[place])) place++;
  return place;
}

// The same of a number.
static inline size_t number_end(const uint8_t *line, size_t place, size_t count) {
  if (place < count && line[place] == '-') place++;
  size_t end = digits_end(line, place, count);
  if (end == place || (line[place] == '0' && end > place + 1)) return SIZE_MAX;
  if (end < count && line[end] == '.') {
    place = end + 1;
    end = digits_end(line, place, count);
    if (end == place) return SIZE_MAX;
  }
  if (end < count && (line[end] | 0x20) == 'e') {
    place = end + 1;
    if (place < count && (line[place] == '+' || line[place] == '-')) place++;
    end = digits_end(line, place, count);
    if (end == place) return SIZE_MAX;
  }
  return end;
}

int cr_has_shape(const cr_json_shape *shape, const uint8_t *line, size_t count, cr_json_value *values) {
  size_t place = 0;
  for (uint32_t i = 0; i <= shape->count; i++) {
    size_t length = shape->starts[i + 1] - shape->starts[i];
    if (count - place < length || memcmp(line + place, shape->texts + shape->starts[i], length) != 0) return 0;
    place += length;
    if (i == shape->count) break;
    uint32_t has_escapes = 0;
    size_t end =
        shape->is_string[i] ? string_end(line, place, count, &has_escapes) : number_end(line, place, count);
    if (end == SIZE_MAX) return 0;
    values[i] = (cr_json_value){(uint32_t)place, (uint32_t)end, has_escapes};
    place = end;
  }
  return place == count;
}
