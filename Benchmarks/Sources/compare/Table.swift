import FleetData

/// One engine beside ours.
struct Row {
  let result: Python.Result
  /// Ours, measured just before and after it.
  let ours: Ours.Measured

  init(_ result: Python.Result, _ ours: Ours.Measured) { (self.result, self.ours) = (result, ours) }

  /// Asked about one instance at a time, rather than about columns.
  var isSingle: Bool { result.base != nil }
  /// Without what an empty policy costs on the same input.
  var net: Double { result.ns.min - (result.base ?? 0) }
  /// The same service: from values that are there.
  var kernel: Double { isSingle ? ours.row : ours.columns }
  /// Through the library, windows and rule states included.
  var library: Double { isSingle ? ours.peek : ours.tick }
}

func table(_ rows: [Row], policy: String, instances: Int) -> (text: String, json: String) {
  var lines = [
    "\(policy), \(instances) instances, \(machine); CPU ns per decision, least of the repeats",
    line(["ENGINE", "VERSION", "NS", "NET", "OURS", "RATIO", "LIBRARY", "RATIO", "FORM"]),
  ]
  for row in rows {
    lines.append(
      line([
        row.result.engine, row.result.version, number(row.result.ns.min), number(row.net), number(row.kernel),
        number(row.net / row.kernel), number(row.library), number(row.net / row.library), row.result.form,
      ]))
  }
  lines.append(
    "NET: without an empty policy on the same input. OURS: a band from values that are there, as for the others.")
  lines.append(
    "LIBRARY: `peek` of a handle, or a tick in which every value is new: windows, rule states and changes included.")
  let objects = rows.map { row in
    """
    {"engine":"\(row.result.engine)","version":"\(row.result.version)","form":"\(row.result.form)",\
    "rows":\(row.result.rows),"ns":{"min":\(rounded(row.result.ns.min)),"median":\(rounded(row.result.ns.median))},\
    "base_ns":\(row.result.base.map { "\(rounded($0))" } ?? "null"),"net_ns":\(rounded(row.net)),\
    "ours":"\(row.isSingle ? "row" : "columns")","ours_ns":\(rounded(row.kernel)),"ratio":\(rounded(row.net / row.kernel)),\
    "library":"\(row.isSingle ? "peek" : "tick")","library_ns":\(rounded(row.library)),\
    "library_ratio":\(rounded(row.net / row.library))}
    """
  }
  let json =
    "{\"policy\":\"\(policy)\",\"instances\":\(instances),\"machine\":\"\(machine)\",\"engines\":["
    + objects.joined(separator: ",") + "]}\n"
  return (lines.joined(separator: "\n"), json)
}

private func number(_ value: Double) -> String {
  let value = rounded(value)
  return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
}

private func line(_ cells: [String]) -> String {
  let widths = [11, 8, 8, 8, 7, 7, 8, 7, 0]
  return zip(cells, widths).map { cell, width in cell + String(repeating: " ", count: max(0, width - cell.count)) }
    .joined(separator: " ")
}
