import CMatching

/// Which kernels find windows: all find the same.
package enum MatchingLevel: Int32, Sendable, CaseIterable {
  case plain = 0
  case ssse3, avx2, avx512, neon

  /// Those that this processor has.
  package static var available: [MatchingLevel] { allCases.filter { cm_has_level($0.rawValue) != 0 } }
  package static var best: MatchingLevel { MatchingLevel(rawValue: cm_best_level()) ?? .plain }

  /// How many bytes in a row its kernel tests.
  var width: Int { self == .avx512 || self == .plain ? Int(CM_WIDTH) : 3 }
}

/// The tables with which the kernels find lines that may match.
///
/// Few sequences are found by windows of three or four bytes, which are tested at every place of the text; many long ones by
/// grams of eight bytes, which are looked up at every fourth or eighth place. Which window of a sequence is looked for
/// depends on how rare its bytes are, and changes nothing but the time.
final class LineFilter {
  /// A sequence and the pattern that requires it.
  typealias Entry = (pattern: Int, sequence: ByteSequence)

  private let storage: UnsafeMutablePointer<cm_filter>
  /// What to free in the end.
  private var blocks: [UnsafeMutableRawPointer] = []
  let level: MatchingLevel
  /// Nothing is ever found.
  let isEmpty: Bool

  /// More sequences than this, and windows of too many of them would share a bucket.
  private static let mostWindows = 40
  /// Of short sequences beside the long ones that grams find.
  private static let mostShort = 24

  init(_ entries: [Entry], level: MatchingLevel, traffic: Traffic) {
    self.level = level
    isEmpty = entries.isEmpty
    storage = .allocate(capacity: 1)
    storage.initialize(to: cm_filter())
    storeSequences(entries)
    var (windows, grams) = Self.divide(entries, traffic)
    for indices in grams.filter({ !$0.indices.isEmpty }) {
      let left = storeGrams(indices.indices, entries, stride: indices.stride, length: indices.length, traffic)
      windows += left
    }
    if !windows.isEmpty { storeWindows(windows, entries, traffic) }
  }

  deinit {
    for block in blocks { block.deallocate() }
    storage.deallocate()
  }

  /// The candidates of a text of whole lines, into the scratch.
  func scan(_ text: UnsafeRawBufferPointer, _ scratch: UnsafeMutablePointer<cm_scratch>) {
    guard let base = text.baseAddress, !isEmpty else {
      scratch.pointee.count = 0
      return
    }
    cm_scan(storage, level.rawValue, base.assumingMemoryBound(to: UInt8.self), text.count, scratch)
  }

  /// Bytes that the tables take.
  private(set) var memory = 0

  private func store<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element>? {
    guard !elements.isEmpty else { return nil }
    let copy = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
    copy.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(copy))
    memory += elements.count * MemoryLayout<Element>.stride
    return copy
  }

  // MARK: Sequences

  private func storeSequences(_ entries: [Entry]) {
    var bytes: [UInt8] = []
    var classes: [cm_class] = []
    var sets: [UInt64] = []
    var numbers: [ByteSet: Int32] = [:]
    func number(_ set: ByteSet) -> Int32 {
      if let known = numbers[set] { return known }
      let new = Int32(numbers.count)
      numbers[set] = new
      sets += set.bitmap
      return new
    }
    var sequences: [cm_sequence] = []
    for (pattern, sequence) in entries {
      let padding = [UInt8](repeating: 0, count: (8 - sequence.sets.count % 8) % 8)
      let firstClass = classes.count
      var values: [UInt8] = []
      var masks: [UInt8] = []
      for (offset, set) in sequence.sets.enumerated() {
        // Almost every set is one byte or one letter; and `.` is any byte, since a line's bytes are never `\n`.
        if let (value, mask) = set.union(ByteSet(0x0A)) == .all ? (0, 0) : set.maskedValue {
          values.append(value)
          masks.append(mask)
        } else {
          values.append(0)
          masks.append(0)
          classes.append(cm_class(offset: UInt32(offset), set: UInt32(number(set))))
        }
      }
      sequences.append(
        cm_sequence(
          pattern: UInt32(pattern), length: UInt32(sequence.sets.count), bytes: UInt32(bytes.count),
          classes: UInt32(firstClass), class_count: UInt32(classes.count - firstClass),
          before: sequence.before.map(number) ?? -1, after: sequence.after.map(number) ?? -1))
      bytes += values + padding + masks + padding
    }
    storage.pointee.bytes = UnsafePointer(store(bytes))
    storage.pointee.sequences = UnsafePointer(store(sequences))
    storage.pointee.classes = UnsafePointer(store(classes))
    storage.pointee.sets = UnsafePointer(store(sets))
  }

  // MARK: Which way

  private typealias GramGroup = (indices: [Int], stride: Int, length: Int)

  /// By number and length: each way costs one pass over the text.
  private static func divide(_ entries: [Entry], _ traffic: Traffic) -> (windows: [Int], grams: [GramGroup]) {
    if entries.count <= mostWindows { return (Array(entries.indices), []) }
    let fits = entries.map { GramPlace.longestRun(of: $0.sequence) }
    var long: [Int] = []
    var medium: [Int] = []
    var short: [Int] = []
    var windows: [Int] = []
    for index in entries.indices {
      switch fits[index] {
      case 15...: long.append(index)
      case 11...: medium.append(index)
      case 4...: short.append(index)
      default: windows.append(index)
      }
    }
    // What is left for windows should be few, and nothing should be looked for in two ways that one way can find.
    if windows.count + short.count + medium.count <= mostShort {
      windows += short + medium
      short = []
      medium = []
    } else if windows.count + short.count <= mostShort {
      windows += short
      short = []
    } else if short.count + medium.count <= 200 {
      short += medium
      medium = []
    }
    let shortest = short.map { fits[$0] }.min() ?? 4
    let stride = shortest >= 7 ? 4 : shortest >= 5 ? 2 : 1
    return (windows, [(long, 8, 8), (medium, 4, 8), (short, stride, 4)])
  }

  // MARK: Grams

  /// - Returns: The sequences of which no stretch can be a gram.
  private func storeGrams(
    _ indices: [Int], _ entries: [Entry], stride: Int, length: Int, _ traffic: Traffic
  ) -> [Int] {
    let number = Int(storage.pointee.gram_count)
    let folds = indices.contains { index in
      entries[index].sequence.sets.contains { $0.maskedValue?.mask == 0xDF }
    }
    let mask = length == 8 ? UInt64.max : (1 << UInt64(8 * length)) - 1
    let fold: UInt64 = folds ? 0x2020_2020_2020_2020 & mask : 0
    var bits = 14
    while 1 << bits < indices.count * stride * 128, bits < 18 { bits += 1 }
    var bitmap = [UInt64](repeating: 0, count: 1 << (bits - 6))
    var heads = [UInt32](repeating: 0, count: Int(CM_HEADS))
    var grams = [cm_gram()]
    var left: [Int] = []
    for index in indices {
      let place = GramPlace.best(
        of: entries[index].sequence, length: length, stride: stride, fold: fold, mask: mask, traffic)
      guard let place else {
        left.append(index)
        continue
      }
      for (distance, gram) in place.grams.enumerated() {
        let hash = cm_hash(gram, Int32(bits))
        bitmap[Int(hash >> 6)] |= 1 << (hash & 63)
        let head = Int(hash & UInt64(CM_HEADS - 1))
        grams.append(
          cm_gram(
            gram: gram, sequence: UInt32(index), offset: UInt32(place.offset + distance), next: heads[head]))
        heads[head] = UInt32(grams.count - 1)
      }
    }
    guard left.count < indices.count else { return left }
    withUnsafeMutablePointer(to: &storage.pointee.grams) { tables in
      tables.withMemoryRebound(to: cm_grams.self, capacity: Int(CM_GRAM_TABLES)) {
        $0[number] = cm_grams(
          stride: Int32(stride), length: Int32(length), bits: Int32(bits), fold: fold, mask: mask,
          bitmap: store(bitmap), heads: store(heads), grams: store(grams))
      }
    }
    storage.pointee.gram_count += 1
    return left
  }

  // MARK: Windows

  private func storeWindows(_ indices: [Int], _ entries: [Entry], _ traffic: Traffic) {
    let width = level.width
    struct Bucket {
      var members: [(index: Int, offset: Int)]
      var sets: [ByteSet]
      var rate: Double
    }
    func rate(_ sets: [ByteSet]) -> Double {
      sets.reduce(1) { $0 * traffic.frequency.share(of: $1) }
    }
    var buckets: [Bucket] = indices.map { index in
      let (offset, sets) = WindowPlace.best(of: entries[index].sequence, width: width, traffic)
      return Bucket(members: [(index, offset)], sets: sets, rate: rate(sets))
    }
    // What costs least to look for together shares a bucket. Sorted halves first where there are too many to try all.
    buckets.sort { $0.sets.map { $0.bytes.first ?? 0 }.lexicographicallyPrecedes($1.sets.map { $0.bytes.first ?? 0 }) }
    func merged(_ a: Bucket, _ b: Bucket) -> Bucket {
      let sets = zip(a.sets, b.sets).map { $0.union($1) }
      return Bucket(members: a.members + b.members, sets: sets, rate: rate(sets))
    }
    while buckets.count > 64 {
      buckets = stride(from: 0, to: buckets.count, by: 2).map {
        $0 + 1 < buckets.count ? merged(buckets[$0], buckets[$0 + 1]) : buckets[$0]
      }
    }
    // The merges of pairs, kept while their parts are.
    var costs = buckets.indices.map { a in
      buckets.indices.map { b in
        b > a ? merged(buckets[a], buckets[b]).rate - buckets[a].rate - buckets[b].rate : .infinity
      }
    }
    var alive = Array(buckets.indices)
    while alive.count > Int(CM_BUCKETS) {
      var best = (alive[0], alive[1])
      for (position, a) in alive.enumerated() {
        for b in alive[(position + 1)...] where costs[a][b] < costs[best.0][best.1] { best = (a, b) }
      }
      let (a, b) = best
      buckets[a] = merged(buckets[a], buckets[b])
      alive.removeAll { $0 == b }
      for c in alive where c != a {
        costs[min(a, c)][max(a, c)] = merged(buckets[a], buckets[c]).rate - buckets[a].rate - buckets[c].rate
      }
    }

    var windows: [cm_window] = []
    var shuffle = cm_shuffle()
    shuffle.width = Int32(width)
    let isASCII = alive.allSatisfy { buckets[$0].sets.prefix(3).allSatisfy { $0.isSubset(of: .ascii) } }
    shuffle.is_ascii = isASCII ? 1 : 0
    withUnsafeMutableBytes(of: &shuffle) { raw in
      let base = raw.baseAddress!
      let tables = base + MemoryLayout<cm_shuffle>.offset(of: \.tables)!
      let low = base + MemoryLayout<cm_shuffle>.offset(of: \.low)!
      let high = base + MemoryLayout<cm_shuffle>.offset(of: \.high)!
      let seven = base + MemoryLayout<cm_shuffle>.offset(of: \.seven)!
      let starts = (base + MemoryLayout<cm_shuffle>.offset(of: \.starts)!).assumingMemoryBound(to: UInt32.self)
      func mark(_ table: UnsafeMutableRawPointer, _ index: Int, _ bit: UInt8) {
        table.storeBytes(
          of: table.load(fromByteOffset: index, as: UInt8.self) | bit, toByteOffset: index, as: UInt8.self)
      }
      for number in 0..<Int(CM_BUCKETS) {
        starts[number] = UInt32(windows.count)
        guard number < alive.count else { continue }
        let bucket = buckets[alive[number]]
        windows += bucket.members.map { cm_window(sequence: UInt32($0.index), offset: UInt32($0.offset)) }
        let bit = UInt8(1) << UInt8(number)
        for place in 0..<Int(CM_WIDTH) {
          for byte in (place < width ? bucket.sets[place] : .all).bytes {
            mark(tables, place * 256 + Int(byte), bit)
            mark(low, place * 16 + Int(byte & 15), bit)
            mark(high, place * 16 + Int(byte >> 4), bit)
            mark(seven, place * 128 + Int(byte & 127), bit)
          }
        }
      }
      starts[Int(CM_BUCKETS)] = UInt32(windows.count)
    }
    shuffle.windows = UnsafePointer(store(windows))
    storage.pointee.shuffle = shuffle
  }
}

/// What the text is like that is to be searched: typical logs, until some of it was seen.
struct Traffic {
  let frequency: ByteFrequency
  /// Of a sample: how often four bytes in a row came, by their hash.
  private let counts: [UInt16]?

  static let typical = Traffic(frequency: .typical, counts: nil)

  private init(frequency: ByteFrequency, counts: [UInt16]?) {
    self.frequency = frequency
    self.counts = counts
  }

  init(sample: UnsafeRawBufferPointer) {
    frequency = ByteFrequency(of: sample)
    var counts = [UInt16](repeating: 0, count: 1 << 16)
    var place = 0
    while place + 4 <= sample.count {
      let slot = Self.slot(sample.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      if counts[slot] < .max { counts[slot] += 1 }
      place += 3
    }
    self.counts = counts
  }

  private static func slot(_ word: UInt32) -> Int { Int(((word | 0x2020_2020) &* 0x9E37_79B1) >> 16) }

  /// How often these sets are expected in a row: a number to compare, not a share.
  func weight(_ sets: ArraySlice<ByteSet>) -> Double {
    let independent = sets.reduce(1) { $0 * frequency.share(of: $1) }
    guard let counts, sets.count >= 4 else { return independent }
    var bytes: [UInt8] = []
    for set in sets {
      guard let (value, mask) = set.maskedValue, mask != 0 else { return independent }
      bytes.append(value)
    }
    // The rarest four of them; what was never seen is told apart by its bytes.
    var seen = Int.max
    for start in 0...(bytes.count - 4) {
      let word = bytes[start..<(start + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      seen = min(seen, Int(counts[Self.slot(word)]))
    }
    return Double(seen) * 1e-6 + independent * 1e-3
  }
}

/// Where in a sequence the bytes lie that are looked for.
private enum WindowPlace {
  static func best(of sequence: ByteSequence, width: Int, _ traffic: Traffic) -> (offset: Int, sets: [ByteSet]) {
    let sets = sequence.sets
    guard sets.count > width else {
      return (0, sets + Array(repeating: .all, count: width - sets.count))
    }
    var best = (offset: 0, weight: Double.infinity)
    for offset in 0...(sets.count - width) {
      let weight = traffic.weight(sets[offset..<(offset + width)])
      if weight < best.weight { best = (offset, weight) }
    }
    return (best.offset, Array(sets[best.offset..<(best.offset + width)]))
  }
}

private struct GramPlace {
  var offset: Int
  /// At `offset` and the places behind it.
  var grams: [UInt64]

  /// How many bytes in a row are one byte or one letter.
  static func longestRun(of sequence: ByteSequence) -> Int {
    var longest = 0
    var run = 0
    for set in sequence.sets {
      run = isUsable(set) ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }

  private static func isUsable(_ set: ByteSet) -> Bool { (set.maskedValue?.mask ?? 0) != 0 }

  /// The stretch whose grams are rarest; `nil`: none is long enough.
  static func best(
    of sequence: ByteSequence, length: Int, stride: Int, fold: UInt64, mask: UInt64, _ traffic: Traffic
  ) -> GramPlace? {
    let sets = sequence.sets
    let span = length + stride - 1
    guard sets.count >= span else { return nil }
    // A letter in both cases is told by either, once folded.
    let bytes = sets.map { set -> UInt8? in
      guard let (value, mask) = set.maskedValue, mask != 0 else { return nil }
      return value
    }
    let weights = (0...(sets.count - length)).map { start in
      bytes[start..<(start + length)].contains(nil) ? .infinity : traffic.weight(sets[start..<(start + length)])
    }
    var best: (offset: Int, weight: Double)?
    for offset in 0...(sets.count - span) {
      let weight = weights[offset..<(offset + stride)].reduce(0, +)
      if weight < .infinity, weight < best?.weight ?? .infinity { best = (offset, weight) }
    }
    guard let best else { return nil }
    let grams = (0..<stride).map { distance -> UInt64 in
      var gram: UInt64 = 0
      for index in 0..<length { gram |= UInt64(bytes[best.offset + distance + index]!) << UInt64(8 * index) }
      return (gram | fold) & mask
    }
    return GramPlace(offset: best.offset, grams: grams)
  }
}
