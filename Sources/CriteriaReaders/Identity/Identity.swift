import CriteriaDiagnostics

/// What a name in a metric, a log or a path turned out to be.
package enum Resolution: Hashable, Sendable {
  /// The instance's id.
  case instance(String)
  /// An instance of the inventory that is stopped or terminated, and so not judged.
  case skipped(String)
  /// Several instances could be meant: their ids, sorted.
  case ambiguous([String])
  case unresolved
}

/// Which instance a name means, by an inventory's ids and aliases.
///
/// A name is looked up as it is, then without its port, then as the lower-case first label of a DNS name. Ports stay where
/// stripping them would merge two instances.
package struct Identity: Sendable {
  private var ids: [String] = []
  private var isSkipped: [Bool] = []
  private var exact: [String: [Int]] = [:]
  private var portless: [String: [Int]] = [:]
  private var firstLabels: [String: [Int]] = [:]

  package init() {}

  /// - Parameter aliases: Addresses, names, provider ids; the id itself need not be among them.
  package mutating func add(id: String, aliases: [String], isSkipped skipped: Bool = false) {
    let index = ids.count
    ids.append(id)
    isSkipped.append(skipped)
    for name in [id] + aliases {
      Self.add(index, to: &exact, name)
      let bare = withoutPort(name) ?? name
      Self.add(index, to: &portless, bare)
      if let label = firstLabel(bare) { Self.add(index, to: &firstLabels, label) }
    }
  }

  private static func add(_ index: Int, to table: inout [String: [Int]], _ name: String) {
    if table[name]?.last != index { table[name, default: []].append(index) }
  }

  /// - Complexity: O(length of the name).
  package func resolve(_ name: String) -> Resolution {
    let bare = withoutPort(name) ?? name
    let found =
      exact[name] ?? exact[bare] ?? portless[bare] ?? firstLabel(bare).flatMap { firstLabels[$0] } ?? []
    guard let first = found.first else { return .unresolved }
    guard found.count == 1 else { return .ambiguous(found.map { ids[$0] }.sorted()) }
    return isSkipped[first] ? .skipped(ids[first]) : .instance(ids[first])
  }

  /// How a name was found, for people: what `resolve` did with it.
  func way(of name: String) -> String {
    let bare = withoutPort(name) ?? name
    if let found = exact[name] { return found.contains { ids[$0] == name } ? "as it is" : "an alias" }
    if let found = exact[bare] {
      return found.contains { ids[$0] == bare } ? "without its port" : "an alias, without the port"
    }
    if portless[bare] != nil { return "an alias, whatever the port" }
    return "the first label of its name"
  }

  /// The known name that is most like one that did not resolve.
  ///
  /// - Complexity: O(names · length²).
  package func nearestName(to name: String) -> String? {
    nearest(withoutPort(name) ?? name, among: exact.keys)
  }
}

/// Without an inventory the names that were seen are the fleet: each without its port, unless two names that differ in
/// the port alone were seen.
package func fleet(ofNames names: some Sequence<String>) -> [String: String] {
  var ported: [String: Set<String>] = [:]
  for name in names {
    if let bare = withoutPort(name) { ported[bare, default: []].insert(name) }
  }
  var result: [String: String] = [:]
  for name in names {
    let bare = withoutPort(name)
    result[name] = bare.flatMap { ported[$0]!.count == 1 ? $0 : nil } ?? name
  }
  return result
}

/// `host` of `host:9100`, `::1` of `[::1]:9100`; `nil` for a name without a port.
package func withoutPort(_ name: String) -> String? {
  let bytes = name.utf8
  guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")) else { return nil }
  let port = bytes[bytes.index(after: colon)...]
  guard (1...5).contains(port.count), port.allSatisfy({ $0 &- 48 < 10 }), colon > bytes.startIndex else { return nil }
  let host = name[..<colon]
  if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 { return String(host.dropFirst().dropLast()) }
  // What has more colons is a bare IPv6 address, or no address at all.
  return host.utf8.contains(UInt8(ascii: ":")) ? nil : String(host)
}

/// The lower-case first label of a name that could be a DNS name; `nil` for addresses and other ids.
func firstLabel(_ name: String) -> String? {
  let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  let isAddress = parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 &- 48 < 10 } }
  let isName = name.utf8.allSatisfy { byte in
    byte &- 48 < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "_")
  }
  guard isName, !isAddress, let first = parts.first, !first.isEmpty else { return nil }
  return String(decoding: first, as: UTF8.self).lowercased()
}

/// `--at`, if it was not given: the median over instances of the newest time of each. Of an even number, the earlier of the
/// two in the middle, so that it is a time at which something was seen.
package func medianTime(_ newest: some Sequence<Int64>) -> Int64? {
  let sorted = newest.sorted()
  return sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
}
