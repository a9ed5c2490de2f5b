import Glibc
import Testing

@testable import CriteriaReaders

/// The samples that Python's `prometheus_client` (from PyPI) reads from a file; `nil` where it is not installed.
/// `scripts/test-tools` installs it.
private func secondReader(_ path: String) throws -> Set<String>? {
  let script = """
    import sys, json
    from prometheus_client.parser import text_string_to_metric_families as read
    for family in read(open(sys.argv[1], newline='\\n').read()):
      for s in family.samples:
        labels = ' '.join(k + ' ' + v for k, v in sorted(s.labels.items()) if v != '')
        # It gives each counter the ending that OpenMetrics wants.
        name = s.name[:-6] if s.name.endswith('_total') else s.name
        print(name, labels.replace('\\n', ' ').replace('\\t', ' '), repr(float(s.value)),
          None if s.timestamp is None else round(float(s.timestamp) * 1000), sep='\\t')
    """
  let installed = packageRoot + "/.venv/bin/python"
  let python = access(installed, X_OK) == 0 ? installed : "python3"
  guard let pipe = popen("PYTHONIOENCODING=utf-8 \(python) - '\(path)' 2>/dev/null <<'END'\n\(script)\nEND", "r") else {
    return nil
  }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer[..<count] }
  guard pclose(pipe) == 0 else { return nil }
  // Numbers are compared as numbers: the two write them differently.
  return Set(
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
      return "\(cells[0]) \(cells[1].split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")) "
        + "\(number(String(cells[2]))) \(cells[3])"
    })
}

private func number(_ text: String) -> String {
  let value = Double(text) ?? (text == "inf" ? .infinity : text == "-inf" ? -.infinity : .nan)
  return value.isNaN ? "nan" : String(value.bitPattern)
}

private let hasSecondReader = (try? secondReader("/dev/null")) ?? nil != nil

@Suite("A second reader")
struct SecondReaderTests {
  @Test(
    "of every exposition both read the same samples",
    .enabled(if: sharedData != nil, "../shared/data is absent"),
    .enabled(if: hasSecondReader, "python has no prometheus_client: scripts/test-tools installs it"),
    arguments: sharedFiles("exposition", ending: ".prom") + sharedFiles("exposition/node_exporter", ending: ".prom")
      + sharedFiles("exposition/kube-state-metrics", ending: ".prom")
      + sharedFiles("prometheus-run/scrapes", ending: ".prom")
      + ["promtool/metrics-test.prom"])
  func same(path: String) throws {
    let file = try #require(sharedData) + "/" + path
    let expected = try #require(try secondReader(file))
    let result = readMetrics(try contents(file), name: path)
    let found = Set(
      result.samples.map { sample in
        let name = sample.metric.hasSuffix("_total") ? String(sample.metric.dropLast(6)) : sample.metric
        let labels = sample.labels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: " ")
        let words = labels.split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
        let value = Double(bitPattern: sample.bits)
        return
          "\(name) \(words) \(value.isNaN ? "nan" : String(sample.bits)) \(sample.time.map(String.init) ?? "None")"
      })
    let missing = expected.subtracting(found)
    #expect(missing.isEmpty, "\(missing.sorted().prefix(3))")
    #expect(found.subtracting(expected).isEmpty, "\(found.subtracting(expected).sorted().prefix(3))")
  }
}
