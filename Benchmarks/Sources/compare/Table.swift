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
  var ourTime: Double { isSingle ? ours.peek : ours.tick }
}

func table(_ rows: [Row], policy: String, instances: Int) -> (text: String, json: String) {
  var lines = [
    "\(policy), \(instances) instances, \(machine); CPU ns per decision, least of the repeats",
    line(["ENGINE", "VERSION", "NS", "NET", "OURS", "NET / OURS", "FORM"]),
  ]
  for row in rows {
    lines.append(
      line([
        row.result.engine, row.result.version, number(row.result.ns.min), number(row.net), number(row.ourTime),
        number(row.net / row.ourTime), row.result.form,
      ]))
  }
  lines.append(
    "ours beside engines asked one by one: `peek` of a handle; beside columns: a tick at which every value is new,")
  lines.append("with its windows, rule machines and list of changes, which the others do not have")
  let objects = rows.map { row in
    """
    {"engine":"\(row.result.engine)","version":"\(row.result.version)","form":"\(row.result.form)",\
    "rows":\(row.result.rows),"ns":{"min":\(rounded(row.result.ns.min)),"median":\(rounded(row.result.ns.median))},\
    "base_ns":\(row.result.base.map { "\(rounded($0))" } ?? "null"),"net_ns":\(rounded(row.net)),\
    "ours":"\(row.isSingle ? "peek" : "tick")","ours_ns":\(rounded(row.ourTime)),"ratio":\(rounded(row.net / row.ourTime))}
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
  let widths = [12, 9, 9, 9, 8, 11, 0]
  return zip(cells, widths).map { cell, width in cell + String(repeating: " ", count: max(0, width - cell.count)) }
    .joined(separator: " ")
}
