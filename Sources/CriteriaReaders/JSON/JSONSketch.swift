/// What the head of a JSON input shows: its first object's members, as far as they can be seen.
struct JSONSketch {
  struct Member {
    var key: String
    var kind: JSONCursor.Kind
    /// A short string's value.
    var text: String?
    /// The keys of an object inside.
    var inner: [String] = []
    /// It is a list whose first element is an object, or that has none.
    var isListOfObjects = false
  }

  /// The input is one list; `members` are those of its first element.
  private(set) var isList = false
  /// The first line is a whole object, and something follows or the input ends.
  private(set) var isLines = false
  private(set) var members: [Member] = []
  /// What is wrong before the end of the head.
  private(set) var fault: String?

  init(_ head: Head) {
    var cursor = JSONCursor(head.bytes)
    do throws(JSONFault) {
      if try cursor.kind() == .array {
        isList = true
        var isFirst = true
        try cursor.beginArray()
        guard try cursor.nextElement(&isFirst), try cursor.kind() == .object else { return }
      }
      guard try cursor.kind() == .object else { return }
      try readMembers(&cursor)
      let lineEnd = head.bytes[..<cursor.at].firstIndex(of: 0x0A)
      isLines = !isList && lineEnd == nil
    } catch {
      // A head that ends early is no fault; what follows is not seen.
      if error.place < head.bytes.count || head.isWhole { fault = error.message(in: head.bytes) }
    }
  }

  private mutating func readMembers(_ cursor: inout JSONCursor) throws(JSONFault) {
    try cursor.beginObject()
    var isFirst = true
    while let key = try cursor.nextKey(&isFirst) {
      let kind = try cursor.kind()
      var member = Member(key: cursor.string(of: key), kind: kind)
      if members.count < 1000 { members.append(member) }
      switch kind {
      case .string:
        let text = try cursor.text()
        if text.end - text.start <= 100 { member.text = cursor.string(of: text) }
      case .object:
        var inside = cursor
        try? readKeys(&inside, &member.inner)
        if members.count <= 1000 { members[members.count - 1] = member }
        try cursor.skipValue()
      case .array:
        var inside = cursor
        member.isListOfObjects = beginsWithObject(&inside)
        if members.count <= 1000 { members[members.count - 1] = member }
        try cursor.skipValue()
      case .number, .bool, .null, .end: try cursor.skipValue()
      }
      if members.count <= 1000 { members[members.count - 1] = member }
    }
  }

  private func readKeys(_ cursor: inout JSONCursor, _ keys: inout [String]) throws(JSONFault) {
    try cursor.beginObject()
    var isFirst = true
    while keys.count < 100, let key = try cursor.nextKey(&isFirst) {
      keys.append(cursor.string(of: key))
      try cursor.skipValue()
    }
  }

  private func beginsWithObject(_ cursor: inout JSONCursor) -> Bool {
    var isFirst = true
    guard (try? cursor.beginArray()) != nil, let goesOn = try? cursor.nextElement(&isFirst) else { return false }
    return !goesOn || (try? cursor.kind()) == .object
  }

  func holdsObjects(_ key: String) -> Bool { members.first { $0.key == key }?.isListOfObjects ?? false }

  func has(_ key: String) -> Bool { members.contains { $0.key == key } }

  func text(_ key: String) -> String? { members.first { $0.key == key }?.text }

  func inner(_ key: String, has inside: String) -> Bool {
    members.first { $0.key == key }?.inner.contains(inside) ?? false
  }
}
