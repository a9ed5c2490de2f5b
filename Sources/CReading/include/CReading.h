// What readers do in C: lines of a log whose header is like one that came before, and mapped files that may shrink.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CR_WORDS = 6, CR_LINE_WORDS = 8, CR_HEADERS = 128, CR_HINTS = 1024, CR_WAITING = 1024 };

// A line among those that a header counted.
typedef struct {
  // Milliseconds of the day.
  int32_t time;
  // Where it begins in the text.
  size_t offset;
  // From 1.
  int64_t number;
} cr_line;

// A line that waits to be searched.
typedef struct {
  // Where it begins in the text, and where its `\n` is.
  size_t offset, end;
  // From 1.
  int64_t number;
  // Milliseconds of the day.
  int32_t time;
  uint32_t header;
} cr_waiting;

// The time at a line's beginning: one day of it, as this log writes it.
typedef struct {
  // By words: (text & mask) == value; and of places that are digits ((text + six) & mask) == value too.
  uint64_t values[CR_WORDS], masks[CR_WORDS], sixes[CR_WORDS];
  // 0: none is known.
  uint32_t words;
  // How many bytes it takes.
  uint32_t length;
  // Where `hh:mm:ss` is, and the first three digits of the seconds' fraction; 0 of these: none.
  uint32_t time, milliseconds;
  // Milliseconds of the day: only times in (above, upto] are meant.
  int32_t above, upto;
  // Where the day begins, in milliseconds; 0 if that is open.
  int64_t start;
} cr_clock;

// What stands behind the time: host and program. And the lines that had it lately.
typedef struct {
  // Time and header in one, if they are short enough; else `line_length` is 0. Made by `cr_join`.
  uint64_t line_values[CR_LINE_WORDS], line_masks[CR_LINE_WORDS];
  uint32_t line_length;
  // Behind them come a number and `]: `.
  uint8_t has_process;
  // Behind that comes no `[`.
  uint8_t without_bracket;
  // Somebody asks for its lines.
  uint8_t is_wanted;
  // Of the newest line that had it: lines without a header have that time.
  int32_t last;
  // Earlier lines are not of it: milliseconds, as `start` of the clock.
  int64_t not_before;
  // The lines counted since the last reset, the newest of them (of equal ones the last), and the earliest time. Without any
  // the newest is at -1 and the earliest at INT32_MAX.
  int64_t count;
  cr_line newest;
  int32_t earliest;
  // 0: it cannot be told by its beginning; only lines without a header are counted with it.
  uint32_t words;
  uint32_t length;
  uint64_t values[CR_WORDS], masks[CR_WORDS];
} cr_header;

typedef struct {
  cr_clock clock;
  // Lines of wanted headers are not counted: they wait to be searched.
  int32_t waits;
  // That of the newest line; -1: none is known.
  int32_t current;
  // Lines gone by in all, those of them that are empty, and those without a header.
  int64_t lines, empty, continued;
  cr_header headers[CR_HEADERS];
  uint32_t count;
  // Those with words, the one that was met last first.
  uint8_t order[CR_HEADERS];
  uint32_t ordered;
  // By a hash of host and program, the header that had it last: where to look first. 0: none.
  uint8_t hints[CR_HINTS];
  uint32_t waiting_count;
  cr_waiting waiting[CR_WAITING];
} cr_headers;

// Goes by lines that have a known header, or none and follow one that has.
//
// `[from, end)` is whole lines, the last one perhaps without its `\n`; `end` is at most `count`, the bytes that may be read.
// Lines with bytes beyond ASCII, and those longer than `longest`, are not gone by; nor is one that would have to wait where
// `CR_WAITING` do. Returns where the first line begins that was not gone by.
size_t cr_go_by(cr_headers *headers, const uint8_t *text, size_t from, size_t end, size_t count, size_t longest);

// The header that a line has; -1: none of these. `time` is milliseconds of the day.
int32_t cr_find(cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time);

// Whether a line begins with a time of the clock, be it meant or not.
int cr_is_of_clock(const cr_headers *headers, const uint8_t *text, size_t line, size_t count, int32_t *time);

// To be called for each header after it or the clock was set.
void cr_join(cr_headers *headers, uint32_t index);

int cr_is_ascii(const uint8_t *text, size_t count);

enum { CR_MEMBERS = 32, CR_TEXTS = 1024 };

// How a line of JSON is made: one object, whose members hold a string or a number where another line may have another one.
typedef struct {
  // Of members whose values may differ.
  uint32_t count;
  // What stands before each value, and behind the last one: [starts[i], starts[i + 1]) of the texts. Quotes of strings belong to
  // them, and whole members that hold `true`, `false` or `null`.
  uint32_t starts[CR_MEMBERS + 2];
  uint8_t is_string[CR_MEMBERS];
  uint8_t texts[CR_TEXTS];
} cr_json_shape;

// Where a value stands in its line; a string without its quotes.
typedef struct {
  uint32_t start, end, has_escapes;
} cr_json_value;

// Whether a line of less than 4 GiB is of a shape, and then its values. One that is, is JSON; of one that is not, nobody knows.
int cr_has_shape(const cr_json_shape *shape, const uint8_t *line, size_t count, cr_json_value *values);

// A mapped file that shrinks would end the process at the next read. While a mapping is watched, what is gone reads as
// zeros, and the watch knows.
//
// Returns the watch, or -1: there are too many, or the system does not let us.
int cr_watch(const void *base, size_t size);
int cr_has_shrunk(int watch);
void cr_unwatch(int watch);

#ifdef __cplusplus
}
#endif
