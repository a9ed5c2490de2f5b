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

// `words` words at a line may be read, or a copy of what is there.
static inline const uint8_t *readable(const uint8_t *text, size_t room, uint8_t copy[8 * CR_WORDS]) {
  if (room >= 8 * CR_WORDS) return text;
  memcpy(copy, text, room);
  memset(copy + room, 0, 8 * CR_WORDS - room);
  return copy;
}

static inline int reads_clock(const cr_clock *clock, const uint8_t *line, size_t room, int32_t *time) {
  if (!clock->words || room < clock->length) return 0;
  uint8_t copy[8 * CR_WORDS];
  const uint8_t *start = readable(line, room, copy);
  for (uint32_t i = 0; i < clock->words; i++) {
    uint64_t word = load8(start + 8 * i);
    // Of a digit's place the first test says that it is 0x3_, the second that six more is so too; no carry goes further.
    if ((word & clock->masks[i]) != clock->values[i]) return 0;
    if (((word + clock->sixes[i]) & clock->masks[i]) != clock->values[i]) return 0;
  }
  const uint8_t *digits = start + clock->seconds;
  if (digits[0] > '5') return 0;  // a leap second, or none
  int32_t t = ((digits[0] - '0') * 10 + (digits[1] - '0')) * 1000;
  if (clock->milliseconds) {
    const uint8_t *m = start + clock->milliseconds;
    t += (m[0] - '0') * 100 + (m[1] - '0') * 10 + (m[2] - '0');
  }
  *time = t;
  return t > clock->above && t <= clock->upto;
}

// Whether the header stands behind the time; `room` bytes may be read there.
static inline int has_header(const cr_header *h, const uint8_t *tail, const uint8_t *start, size_t room) {
  for (uint32_t i = 0; i < h->words; i++)
    if ((load8(start + 8 * i) & h->masks[i]) != h->values[i]) return 0;
  if (room < h->length) return 0;
  size_t place = h->length;
  if (h->has_process) {
    while (place < room && place - h->length < 11 && is_digit(tail[place])) place++;
    if (place == h->length || place + 3 > room || tail[place] != ']' || tail[place + 1] != ':' || tail[place + 2] != ' ')
      return 0;
    place += 3;
  }
  return !(h->without_bracket && place < room && tail[place] == '[');
}

int cr_is_of_clock(const cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time) {
  return reads_clock(&headers->clock, text + line, count - line, time);
}

int32_t cr_find(cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time) {
  const cr_clock *clock = &headers->clock;
  if (!reads_clock(clock, text + line, count - line, time)) return -1;
  const uint8_t *tail = text + line + clock->length;
  size_t room = count - line - clock->length;
  uint8_t copy[8 * CR_WORDS];
  const uint8_t *start = readable(tail, room, copy);
  for (uint32_t k = 0; k < headers->ordered; k++) {
    uint8_t index = headers->order[k];
    const cr_header *h = &headers->headers[index];
    if (clock->start + *time < h->not_before || !has_header(h, tail, start, room)) continue;
    if (k) {
      memmove(headers->order + 1, headers->order, k);
      headers->order[0] = index;
    }
    return index;
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
