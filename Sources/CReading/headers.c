#define _GNU_SOURCE
#include "CReading.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

// `hh:mm:ss` as milliseconds of the day; -1: it is none. The places of digits are known to hold 0x3_.
static inline int32_t time_of_day(const uint8_t *text) {
  uint64_t digits = load8(text) & 0x0F0F000F0F000F0Full;
  if ((digits + 0x0606000606000606ull) & 0x1010001010001010ull) return -1;
  // Hours in byte 0, minutes in 3, seconds in 6; none of the bytes is carried into the next one.
  uint64_t numbers = digits * 10 + (digits >> 8);
  if ((numbers + 0x0044000044000068ull) & 0x0080000080000080ull) return -1;
  return (int32_t)((numbers & 255) * 3600000 + (numbers >> 24 & 255) * 60000 + (numbers >> 48 & 255) * 1000);
}

static inline int32_t time_in(const cr_clock *clock, const uint8_t *line) {
  int32_t time = time_of_day(line + clock->time);
  if (time < 0 || !clock->milliseconds) return time;
  const uint8_t *m = line + clock->milliseconds;
  return time + m[0] * 100 + m[1] * 10 + m[2] - 111 * '0';
}

// Of a digit's place the first test says that it is 0x3_, the second that six more is so too; no carry goes further.
static inline int has_digits(const cr_clock *clock, const uint8_t *line) {
  uint64_t wrong = 0;
  for (uint32_t i = 0; i < clock->words; i++) {
    uint64_t word = load8(line + 8 * i);
    wrong |= ((word & clock->masks[i]) ^ clock->values[i]) |
             (((word + clock->sixes[i]) & clock->masks[i]) ^ clock->values[i]);
  }
  return wrong == 0;
}

static inline int reads_clock(const cr_clock *clock, const uint8_t *line, size_t room, int32_t *time) {
  if (!clock->words || room < clock->length) return 0;
  uint8_t copy[8 * CR_WORDS];
  const uint8_t *start = readable(line, room, copy);
  if (!has_digits(clock, start)) return 0;
  *time = time_in(clock, start);
  return *time >= 0;
}

static inline int is_meant(const cr_clock *clock, int32_t time) { return time > clock->above && time <= clock->upto; }

// How many digits there are at a place, up to eight.
static inline size_t leading_digits(const uint8_t *text) {
  uint64_t word = load8(text);
  // What is carried into a byte comes from one before it that is no digit.
  uint64_t other = ((word ^ 0x3030303030303030ull) | ((word + 0x0606060606060606ull) ^ 0x3030303030303030ull)) &
                   0xF0F0F0F0F0F0F0F0ull;
  return other ? (size_t)__builtin_ctzll(other) / 8 : 8;
}

// Of the first four words, whether they are the header's: most are no longer, and to ask for each word by itself would cost a
// wrong guess at every other line.
static inline int begins_with(const cr_header *h, const uint8_t *start) {
#if defined(__SSE2__)
  const uint8_t *values = (const uint8_t *)h->values, *masks = (const uint8_t *)h->masks;
  __m128i a = _mm_and_si128(_mm_loadu_si128((const void *)start), _mm_loadu_si128((const void *)masks));
  __m128i b = _mm_and_si128(_mm_loadu_si128((const void *)(start + 16)), _mm_loadu_si128((const void *)(masks + 16)));
  a = _mm_cmpeq_epi8(a, _mm_loadu_si128((const void *)values));
  b = _mm_cmpeq_epi8(b, _mm_loadu_si128((const void *)(values + 16)));
  return _mm_movemask_epi8(_mm_and_si128(a, b)) == 0xFFFF;
#else
  uint64_t differences = 0;
  for (uint32_t i = 0; i < 4; i++) differences |= (load8(start + 8 * i) & h->masks[i]) ^ h->values[i];
  return differences == 0;
#endif
}

// Whether the header stands behind the time; `room` bytes may be read at `tail`, and whole words at `start`, a copy if need be.
static inline __attribute__((always_inline)) int has_header(const cr_header *h, const uint8_t *tail, const uint8_t *start, size_t room) {
  if (!begins_with(h, start)) return 0;
  for (uint32_t i = 4; i < h->words; i++)
    if ((load8(start + 8 * i) & h->masks[i]) != h->values[i]) return 0;
  if (room < h->length) return 0;
  size_t place = h->length;
  if (h->has_process) {
    size_t digits = 0;
    if (place + 16 <= room) digits = leading_digits(tail + place);
    if (digits % 8 == 0)
      for (digits = 0; place + digits < room && digits < 11 && is_digit(tail[place + digits]);) digits++;
    if (digits == 0 || place + digits + 3 > room) return 0;
    place += digits;
    if (tail[place] != ']' || tail[place + 1] != ':' || tail[place + 2] != ' ') return 0;
    place += 3;
  }
  return !(h->without_bracket && place < room && tail[place] == '[');
}

// Of host and program, which mostly end with the first `:` or `[`: their first and last bytes, and how many they are. The time
// stands before them, so that as many bytes can be read there.
static inline uint32_t hash_of_names(const uint8_t *start, const uint8_t *tail) {
#if defined(__SSE2__)
  __m128i colon = _mm_set1_epi8(':'), bracket = _mm_set1_epi8('[');
  __m128i a = _mm_loadu_si128((const void *)start), b = _mm_loadu_si128((const void *)(start + 16));
  uint32_t ends =
      (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(a, colon), _mm_cmpeq_epi8(a, bracket))) |
      (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(b, colon), _mm_cmpeq_epi8(b, bracket))) << 16;
  // Never more than there is: behind that the copy has zeros.
  size_t length = (size_t)__builtin_ctzll(ends | 1ull << 32);
#else
  size_t length = 0;
  while (length < 32 && start[length] != ':' && start[length] != '[') length++;
#endif
  uint64_t first = length < 8 ? 0 : load8(start);
  uint64_t last = load8((length < 8 ? tail : start) + length - 8);
  uint64_t hash = (last ^ (first << 23 | first >> 41)) + length * 0xC2B2AE3D27D4EB4Full;
  return (uint32_t)((hash ^ hash >> 32) * 0x9E3779B97F4A7C15ull >> 48) % CR_HINTS;
}

int cr_is_of_clock(const cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time) {
  return reads_clock(&headers->clock, text + line, count - line, time);
}

// Where the hint is wrong: those met last first.
static __attribute__((noinline)) int32_t find_in_order(cr_headers *headers, const uint8_t *tail, const uint8_t *start,
                                                       size_t room, int64_t now, uint8_t *hint) {
  for (uint32_t k = 0; k < headers->ordered; k++) {
    uint8_t index = headers->order[k];
    const cr_header *h = &headers->headers[index];
    if (now < h->not_before || !has_header(h, tail, start, room)) continue;
    memmove(headers->order + 1, headers->order, k);
    headers->order[0] = index;
    *hint = index;
    return index;
  }
  return -1;
}

static inline __attribute__((always_inline)) int32_t find(cr_headers *headers, const uint8_t *text, size_t line,
                                                          size_t count, int32_t *time) {
  const cr_clock *clock = &headers->clock;
  if (!reads_clock(clock, text + line, count - line, time) || !is_meant(clock, *time)) return -1;
  const uint8_t *tail = text + line + clock->length;
  size_t room = count - line - clock->length;
  uint8_t copy[8 * CR_WORDS];
  const uint8_t *start = readable(tail, room, copy);
  int64_t now = clock->start + *time;
  uint8_t *hint = &headers->hints[hash_of_names(start, tail)];
  const cr_header *first = &headers->headers[*hint];
  if (*hint && now >= first->not_before && has_header(first, tail, start, room)) return *hint;
  return find_in_order(headers, tail, start, room, now, hint);
}

int32_t cr_find(cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time) {
  return find(headers, text, line, count, time);
}

void cr_join(cr_headers *headers, uint32_t index) {
  const cr_clock *clock = &headers->clock;
  cr_header *h = &headers->headers[index];
  h->line_length = 0;
  size_t length = clock->length + h->length;
  if (!h->words || !clock->words || length > sizeof h->line_values) return;
  memset(h->line_values, 0, sizeof h->line_values);
  memset(h->line_masks, 0, sizeof h->line_masks);
  memcpy(h->line_values, clock->values, clock->length);
  memcpy(h->line_masks, clock->masks, clock->length);
  memcpy((uint8_t *)h->line_values + clock->length, h->values, h->length);
  memcpy((uint8_t *)h->line_masks + clock->length, h->masks, h->length);
  h->line_length = (uint32_t)length;
}

// MARK: Line ends

// Bytes: a part's line ends are found at once; and what processors fetch by themselves ends with the page.
enum { CR_PART = 4096, AHEAD = 2048 };

// The places of `\n` in a part of a text, at most `CR_PART` bytes; whether any byte is beyond ASCII goes to `high`.
static size_t line_ends_plain(const uint8_t *text, size_t from, size_t end, uint32_t *ends, int *high) {
  size_t count = 0;
  *high = !cr_is_ascii(text + from, end - from);
  for (size_t place = from;;) {
    const uint8_t *newline = memchr(text + place, '\n', end - place);
    if (!newline) return count;
    place = (size_t)(newline - text);
    ends[count++] = (uint32_t)(place++ - from);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,popcnt"))) static size_t line_ends_avx2(const uint8_t *text, size_t from, size_t end, uint32_t *ends,
                                                                 int *high) {
  const __m256i newline = _mm256_set1_epi8('\n');
  __m256i any = _mm256_setzero_si256();
  size_t count = 0, place = from;
  for (; place + 64 <= end; place += 64) {
    __builtin_prefetch(text + place + AHEAD);
    __m256i a = _mm256_loadu_si256((const void *)(text + place));
    __m256i b = _mm256_loadu_si256((const void *)(text + place + 32));
    any = _mm256_or_si256(any, _mm256_or_si256(a, b));
    uint64_t found = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, newline)) |
                     (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, newline)) << 32;
    // Two are written in any case: seldom are there more, and a guess at how many is wrong at every other line.
    uint32_t offset = (uint32_t)(place - from);
    size_t more = (size_t)__builtin_popcountll(found);
    ends[count] = offset + (uint32_t)_tzcnt_u64(found);
    uint64_t rest = found & (found - 1);
    ends[count + 1] = offset + (uint32_t)_tzcnt_u64(rest);
    if (__builtin_expect(more > 2, 0)) {
      size_t i = 2;
      for (rest &= rest - 1; rest; rest &= rest - 1) ends[count + i++] = offset + (uint32_t)_tzcnt_u64(rest);
    }
    count += more;
  }
  *high = _mm256_movemask_epi8(any) != 0;
  for (; place < end; place++) {
    *high |= text[place] >> 7;
    if (text[place] == '\n') ends[count++] = (uint32_t)(place - from);
  }
  return count;
}
#endif

// MARK: Going by

// A line of a header was met. Returns 0 if it cannot be taken.
static inline __attribute__((always_inline)) int take_line(cr_headers *headers, uint32_t index, int32_t time, size_t from,
                                                           size_t end) {
  cr_header *h = &headers->headers[index];
  if (headers->waits && h->is_wanted) {
    if (headers->waiting_count == CR_WAITING) return 0;
    headers->waiting[headers->waiting_count++] = (cr_waiting){from, end, headers->lines + 1, time, index};
  } else {
    if (time < h->earliest) h->earliest = time;
    if (time >= h->newest.time) h->newest = (cr_line){time, from, headers->lines + 1};
    h->count++;
  }
  headers->lines++;
  headers->current = (int32_t)index;
  h->last = time;
  return 1;
}

// What may be read at a line for it to go the short way: time and header, the number of a process and what ends it.
enum { CR_ROOM = 8 * CR_LINE_WORDS + 16 };

typedef uint64_t words4 __attribute__((vector_size(32), aligned(8)));

static inline __attribute__((always_inline)) int has_line(const cr_header *h, const uint8_t *line) {
  words4 text[2], values[2], masks[2];
  memcpy(text, line, sizeof text);
  memcpy(values, h->line_values, sizeof values);
  memcpy(masks, h->line_masks, sizeof masks);
  words4 wrong = ((text[0] & masks[0]) ^ values[0]) | ((text[1] & masks[1]) ^ values[1]);
  return (wrong[0] | wrong[1] | wrong[2] | wrong[3]) == 0;
}

// Whether a line whose time and header are those of `h`, as `has_line` says, is one of its lines; `CR_ROOM` may be read there.
static inline __attribute__((always_inline)) int is_line_of(const cr_header *h, const cr_clock *clock, const uint8_t *line,
                                                            int32_t *time) {
  int32_t t = time_in(clock, line);
  // Digits of a fraction were only taken for 0x3_.
  if (clock->milliseconds && !has_digits(clock, line)) return 0;
  // No time is -1, which is never above.
  if (!is_meant(clock, t) || clock->start + t < h->not_before) return 0;
  *time = t;
  const uint8_t *tail = line + h->line_length;
  if (h->has_process) {
    size_t count = leading_digits(tail);
    uint32_t end;
    memcpy(&end, tail + count, 4);
    const uint32_t expected = ']' | ':' << 8 | ' ' << 16;
    if (count % 8 == 0 || (end & 0xFFFFFF) != expected) return 0;
    tail += count + 3;
  }
  return !(h->without_bracket && *tail == '[');
}

// The same as `find` where `CR_ROOM` may be read, time and header are short, and the hint is right. -1: nobody knows yet.
static inline __attribute__((always_inline)) int32_t find_soon(const cr_headers *headers, const uint8_t *line, int32_t *time) {
  const uint8_t *names = line + headers->clock.length;
  int32_t index = headers->hints[hash_of_names(names, names)];
  const cr_header *h = &headers->headers[index];
  return h->line_length && has_line(h, line) && is_line_of(h, &headers->clock, line, time) ? index : -1;
}

// One line `[from, end)`. Returns 0 if it must be read, or cannot be taken.
static inline int go_by_line(cr_headers *headers, const uint8_t *text, size_t from, size_t end, size_t count) {
  const uint8_t *line = text + from;
  if (end == from || (end == from + 1 && line[0] == '\r')) {
    headers->lines++;
    headers->empty++;
    return 1;
  }
  int32_t time;
  if (may_begin_header(line[0])) {
    int32_t found = find(headers, text, from, count, &time);
    return found >= 0 && take_line(headers, (uint32_t)found, time, from, end);
  }
  if (headers->current < 0) return 0;
  time = headers->headers[headers->current].last;
  if (!take_line(headers, (uint32_t)headers->current, time, from, end)) return 0;
  headers->continued++;
  return 1;
}

typedef size_t line_ends_function(const uint8_t *text, size_t from, size_t end, uint32_t *ends, int *high);

static inline __attribute__((always_inline)) size_t go_by(cr_headers *headers, const uint8_t *text, size_t from, size_t end,
                                                          size_t count, size_t longest, line_ends_function *find) {
  // Behind it there is no room to go the short way.
  const size_t last = headers->clock.words > 0 && count >= CR_ROOM ? count - CR_ROOM + 1 : 0;
  uint32_t ends[CR_PART + 2];
  // Whether something is beyond ASCII in the parts that the line at hand may have begun in.
  int high = 0;
  for (size_t part = from; part < end;) {
    size_t part_end = end - part > CR_PART ? part + CR_PART : end;
    int is_high;
    size_t found = find(text, part, part_end, ends, &is_high);
    high |= is_high;
    // The last line may have no end.
    if (part_end == end && text[end - 1] != '\n') ends[found++] = (uint32_t)(end - part);
    for (size_t i = 0; i < found; i++) {
      size_t line_end = part + ends[i];
      if (line_end - from > longest || (high && !cr_is_ascii(text + from, line_end - from))) return from;
      const size_t next = line_end < end ? line_end + 1 : end;
      int32_t time, index = -1;
      // What is found holds no `\n`, so it is all of this line.
      if (from < last) {
        // The lines of most logs have the header of the line before.
        cr_header *h = headers->current > 0 ? &headers->headers[headers->current] : NULL;
        if (h && h->line_length && has_line(h, text + from) && is_line_of(h, &headers->clock, text + from, &time)) {
          if (__builtin_expect(!take_line(headers, (uint32_t)headers->current, time, from, line_end), 0)) return from;
          from = next;
          continue;
        }
        index = find_soon(headers, text + from, &time);
      }
      int is_taken = index > 0 ? take_line(headers, (uint32_t)index, time, from, line_end)
                               : go_by_line(headers, text, from, line_end, count);
      if (__builtin_expect(!is_taken, 0)) return from;
      from = next;
    }
    if (found) high = is_high;
    part = part_end;
  }
  return from;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2,popcnt"))) static size_t go_by_avx2(cr_headers *headers, const uint8_t *text, size_t from,
                                                                    size_t end, size_t count, size_t longest) {
  return go_by(headers, text, from, end, count, longest, line_ends_avx2);
}
#endif

size_t cr_go_by(cr_headers *headers, const uint8_t *text, size_t from, size_t end, size_t count, size_t longest) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    return go_by_avx2(headers, text, from, end, count, longest);
#endif
  return go_by(headers, text, from, end, count, longest, line_ends_plain);
}
