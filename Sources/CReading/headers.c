#define _GNU_SOURCE
#include "CReading.h"

#include <string.h>

static inline uint64_t load8(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
  return word;
}

static inline int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

int cr_is_ascii(const uint8_t *text, size_t count) {
  uint64_t any = 0;
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    uint64_t some = 0;
    for (size_t k = 0; k < 64; k += 8) some |= load8(text + i + k);
    any |= some;
  }
  for (; i < count; i++) any |= (uint64_t)text[i] << 56 | text[i];
  return !(any & 0x8080808080808080ull);
}

// A header begins with a digit, a capital letter, `[` or `<`.
static inline int may_begin_header(uint8_t byte) {
  return is_digit(byte) || (uint8_t)(byte - 'A') < 26 || byte == '[' || byte == '<';
}

// Whether a line has the header; `room` bytes may be read.
static inline int has_header(const cr_header *h, const uint8_t *line, size_t room, int32_t *time) {
  uint8_t copy[8 * CR_WORDS];
  const uint8_t *start = line;
  if (room < 8 * CR_WORDS) {
    memcpy(copy, line, room);
    memset(copy + room, 0, sizeof copy - room);
    start = copy;
  }
  for (uint32_t i = 0; i < h->words; i++) {
    uint64_t word = load8(start + 8 * i);
    // Of a digit's place the first test says that it is 0x3_, the second that six more is so too; no carry goes further.
    if ((word & h->masks[i]) != h->values[i] || ((word + h->sixes[i]) & h->masks[i]) != h->values[i]) return 0;
  }
  const uint8_t *digits = start + h->seconds;
  if (digits[0] > '5') return 0;  // a leap second, or none
  int32_t t = ((digits[0] - '0') * 10 + (digits[1] - '0')) * 1000;
  if (h->milliseconds) {
    const uint8_t *m = start + h->milliseconds;
    t += (m[0] - '0') * 100 + (m[1] - '0') * 10 + (m[2] - '0');
  }
  if (t <= h->above || t > h->upto) return 0;
  size_t place = h->length;
  if (h->has_process) {
    size_t from = place;
    while (place < room && place - from < 11 && is_digit(line[place])) place++;
    if (place == from || place + 3 > room || line[place] != ']' || line[place + 1] != ':' || line[place + 2] != ' ')
      return 0;
    place += 3;
  }
  if (h->without_bracket && place < room && line[place] == '[') return 0;
  *time = t;
  return 1;
}

int32_t cr_find(const cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time) {
  int32_t current = headers->current;
  if (current >= 0 && headers->headers[current].words && has_header(&headers->headers[current], text + line, count - line, time))
    return current;
  uint64_t first = count - line >= 8 ? load8(text + line) : 0;
  for (uint32_t i = 0; i < headers->count; i++) {
    const cr_header *h = &headers->headers[i];
    if (!h->words || (int32_t)i == current || (first & h->masks[0]) != h->values[0]) continue;
    if (has_header(h, text + line, count - line, time)) return (int32_t)i;
  }
  return -1;
}

size_t cr_go_by(cr_headers *headers, const uint8_t *text, size_t from, size_t end, size_t count, size_t longest,
                int ascii_only) {
  while (from < end) {
    const uint8_t *line = text + from;
    const uint8_t *newline = memchr(line, '\n', end - from);
    size_t length = newline ? (size_t)(newline - line) : end - from;
    if (length > longest) return from;
    size_t next = newline ? from + length + 1 : end;
    if (length == 0 || (length == 1 && line[0] == '\r')) {
      headers->lines++;
      headers->empty++;
      from = next;
      continue;
    }
    if (ascii_only && !cr_is_ascii(line, length)) return from;
    int32_t time;
    if (may_begin_header(line[0])) {
      int32_t found = cr_find(headers, text, from, count, &time);
      if (found < 0) return from;
      headers->current = found;
      headers->headers[found].last = time;
    } else {
      if (headers->current < 0) return from;
      time = headers->headers[headers->current].last;
      headers->continued++;
    }
    cr_header *h = &headers->headers[headers->current];
    headers->lines++;
    if (h->count == 0 || time < h->earliest) h->earliest = time;
    if (h->count == 0 || time >= h->newest.time) h->newest = (cr_line){time, from, headers->lines};
    h->count++;
    from = next;
  }
  return from;
}
