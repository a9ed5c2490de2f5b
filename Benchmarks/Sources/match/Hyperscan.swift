#if Hyperscan
  import CHyperscan
  import Glibc

  /// Hyperscan or Vectorscan over the same text: each line by itself, or chunks of 256 KiB with line ends sought at matches.
  final class HyperscanMatcher {
    enum Mode: String, CaseIterable { case lines, chunks }

    struct Unsupported: Error {
      var message: String
    }

    private let database: OpaquePointer
    private let scratch: OpaquePointer
    private let mode: Mode
    private let count: Int

    init(_ patterns: [String], mode: Mode) throws {
      self.mode = mode
      count = patterns.count
      var flags = UInt32(HS_FLAG_SINGLEMATCH)
      if mode == .chunks { flags = UInt32(HS_FLAG_MULTILINE) }
      // What `[^a]` and `\s` match must not span lines, and one match at the end of a line's `.*` is enough.
      let texts = patterns.map { strdup($0) }
      defer { for text in texts { free(text) } }
      let expressions: [UnsafePointer<CChar>?] = texts.map { UnsafePointer($0) }
      let ids = patterns.indices.map { UInt32($0) }
      let allFlags = patterns.map { _ in flags }
      var database: OpaquePointer?
      var error: UnsafeMutablePointer<hs_compile_error_t>?
      let result = hs_compile_multi(
        expressions, allFlags, ids, UInt32(patterns.count), UInt32(HS_MODE_BLOCK), nil, &database, &error)
      guard result == HS_SUCCESS, let database else {
        let message = error.map { String(cString: $0.pointee.message) } ?? "error \(result)"
        hs_free_compile_error(error)
        throw Unsupported(message: message)
      }
      self.database = database
      var scratch: OpaquePointer?
      guard hs_alloc_scratch(database, &scratch) == HS_SUCCESS, let scratch else {
        throw Unsupported(message: "no scratch space")
      }
      self.scratch = scratch
    }

    deinit {
      hs_free_scratch(scratch)
      hs_free_database(database)
    }

    private struct State {
      var text: UnsafeRawBufferPointer
      var line = 0..<0
      var last: UnsafeMutablePointer<Int>
      var counts: UnsafeMutablePointer<Int>
    }

    func hits(in text: UnsafeRawBufferPointer) -> [Int] {
      var counts = [Int](repeating: 0, count: count)
      var last = [Int](repeating: -1, count: count)
      counts.withUnsafeMutableBufferPointer { counts in
        last.withUnsafeMutableBufferPointer { last in
          switch mode {
          case .lines: scanLines(text, counts.baseAddress!)
          case .chunks: scanChunks(text, last.baseAddress!, counts.baseAddress!)
          }
        }
      }
      return counts
    }

    private func scanLines(_ text: UnsafeRawBufferPointer, _ counts: UnsafeMutablePointer<Int>) {
      var start = 0
      while start < text.count {
        let newline = memchr(text.baseAddress! + start, 0x0A, text.count - start)
        let end = newline.map { UnsafeRawPointer($0) - text.baseAddress! } ?? text.count
        hs_scan(
          database, text.baseAddress!.assumingMemoryBound(to: CChar.self) + start, UInt32(end - start), 0, scratch,
          { id, _, _, _, context in
            context!.assumingMemoryBound(to: Int.self)[Int(id)] += 1
            return 0
          }, counts)
        start = end + 1
      }
    }

    private func scanChunks(
      _ text: UnsafeRawBufferPointer, _ last: UnsafeMutablePointer<Int>, _ counts: UnsafeMutablePointer<Int>
    ) {
      var start = 0
      while start < text.count {
        var end = min(text.count, start + 256 << 10)
        if end < text.count {
          while end > start, text[end - 1] != 0x0A { end -= 1 }
          if end == start { end = text.count }
        }
        for index in 0..<count { last[index] = -1 }
        var state = State(
          text: UnsafeRawBufferPointer(rebasing: text[start..<end]), last: last, counts: counts)
        hs_scan(
          database, text.baseAddress!.assumingMemoryBound(to: CChar.self) + start, UInt32(end - start), 0, scratch,
          { id, _, to, _, context in
            let state = context!.assumingMemoryBound(to: State.self)
            let place = to > 0 ? Int(to) - 1 : 0
            if !state.pointee.line.contains(place) {
              let base = state.pointee.text.baseAddress!
              var begin = place
              while begin > 0, base.load(fromByteOffset: begin - 1, as: UInt8.self) != 0x0A { begin -= 1 }
              let newline = memchr(base + place, 0x0A, state.pointee.text.count - place)
              state.pointee.line = begin..<(newline.map { UnsafeRawPointer($0) - base } ?? state.pointee.text.count)
            }
            let line = state.pointee.line.lowerBound
            if state.pointee.last[Int(id)] != line {
              state.pointee.last[Int(id)] = line
              state.pointee.counts[Int(id)] += 1
            }
            return 0
          }, &state)
        start = end
      }
    }
  }
#endif
