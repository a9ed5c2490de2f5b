import Glibc

@testable import CriteriaReaders

/// The folder of the package.
let packageRoot = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

/// The folder of real data beside the repository; `nil` where it is absent, and then the tests that need it are skipped.
let sharedData: String? = {
  let path = getenv("CRITERIA_SHARED_DATA").map { String(cString: $0) } ?? packageRoot + "/../shared/data"
  return access(path, R_OK) == 0 ? path : nil
}()

/// The unpacked bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
  try ByteStream(opening: path).readAll(limit: 1 << 30)
}

/// The files of a folder of the shared data with this ending.
func sharedFiles(_ folder: String, ending: String) -> [String] {
  guard let sharedData, let handle = opendir(sharedData + "/" + folder) else { return [] }
  defer { closedir(handle) }
  var names: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name.hasSuffix(ending) { names.append(folder + "/" + name) }
  }
  return names.sorted()
}

/// A gzip member that holds `bytes` in stored blocks: no compressor needed.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(65535)
    rest = rest.dropFirst(block.count)
    let length = UInt16(block.count)
    result += [
      rest.isEmpty ? 1 : 0, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8),
    ]
    result += block
  } while !rest.isEmpty
  var checksum: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    checksum ^= UInt32(byte)
    for _ in 0..<8 { checksum = checksum & 1 != 0 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
  }
  for value in [~checksum, UInt32(truncatingIfNeeded: bytes.count)] {
    for shift in stride(from: UInt32(0), to: 32, by: 8) { result.append(UInt8(value >> shift & 255)) }
  }
  return result
}

/// One sample as the tests compare it.
struct ReadSample: Hashable, CustomStringConvertible {
  var metric: String
  var labels: [String: String]
  var bits: UInt64
  var time: Int64?
  var line: Int

  init(_ metric: String, _ value: Double, _ time: Int64? = nil, line: Int) {
    self.init(metric, [:], value, time, line: line)
  }

  init(_ metric: String, _ labels: [String: String], _ value: Double, _ time: Int64? = nil, line: Int) {
    self.metric = metric
    self.labels = labels
    bits = value.isNaN ? Double.nan.bitPattern : value.bitPattern
    self.time = time
    self.line = line
  }
  var description: String { "\(line): \(metric)\(labels) \(Double(bitPattern: bits)) @\(time.map(String.init) ?? "-")" }
}

struct ReadMetrics: Hashable {
  var samples: [ReadSample] = []
  var problems: [String] = []
  var counts = ReadCounts()
  var format = MetricFormat.prometheus
}

func readMetrics(
  _ bytes: [UInt8], chunk: Int = 1 << 18, longestLine: Int = 64 << 20, format: MetricFormat? = nil,
  wanted: [String]? = nil, name: String = "x"
) -> ReadMetrics {
  let names = MetricNames(wanted: wanted)
  let stream = LineStream(ByteStream(bytes, name: name, chunk: chunk), chunk: chunk, longestLine: longestLine)
  let kind: MetricKind? = format.map { $0 == .tsdbDump ? .tsdbDump : .prometheus }
  var reader = metricReader(stream, kind: kind, names: names, defaultName: "x")
  return readAll(&reader, names)
}

func readAll(_ reader: inout any MetricReader, _ names: MetricNames) -> ReadMetrics {
  var batch = MetricBatch()
  var result = ReadMetrics()
  while reader.next(into: &batch) {
    for record in batch.records {
      result.samples.append(
        ReadSample(
          names.name(record.metric), batch.labels(of: record), record.value, record.time, line: record.line))
    }
  }
  result.problems = reader.problems.problems.map(\.description)
  result.counts = reader.counts
  result.format = reader.format
  return result
}

func readMetrics(
  _ text: String, chunk: Int = 1 << 18, format: MetricFormat? = nil, wanted: [String]? = nil, name: String = "x"
) -> ReadMetrics {
  readMetrics(Array(text.utf8), chunk: chunk, format: format, wanted: wanted, name: name)
}

/// One log line as the tests compare it.
struct ReadLine: Hashable {
  var time: RecordTime
  var source: String?
  var host: String?
  var message: String
  var line: Int
}

struct ReadLog: Hashable {
  var lines: [ReadLine] = []
  var problems: [String] = []
  var counts = ReadCounts()
  var format = ""
  var namesSources = false
}

func readLog(
  _ bytes: [UInt8], chunk: Int = 1 << 18, longestLine: Int = 64 << 20, source: String? = nil, zone: Int64 = 0,
  wanted: [String]? = nil
) -> ReadLog {
  let sources = SourceNames(wanted: wanted)
  let stream = LineStream(ByteStream(bytes, name: "x", chunk: chunk), chunk: chunk, longestLine: longestLine)
  var reader: any LogReader = PlainLogReader(
    stream, source: source, defaultSource: "file", zone: zone, sources: sources)
  return readAll(&reader, sources)
}

func readAll(_ reader: inout any LogReader, _ sources: SourceNames) -> ReadLog {
  var batch = LogBatch()
  var result = ReadLog()
  while reader.next(into: &batch) {
    for record in batch.records {
      result.lines.append(
        ReadLine(
          time: record.time, source: record.source.map(sources.name), host: record.host.map(reader.hosts.string),
          message: batch.message(of: record), line: record.line))
    }
  }
  result.problems = reader.problems.problems.map(\.description)
  result.counts = reader.counts
  result.format = reader.format
  result.namesSources = reader.namesSources
  return result
}

/// A small generator whose sequence depends on the seed alone.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
