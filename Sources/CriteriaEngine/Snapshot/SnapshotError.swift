/// Why bytes are not the state of a fleet of this policy.
public struct SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with the bytes, for code that treats kinds differently.
  public enum Kind: Hashable, Sendable {
    /// They are something else altogether.
    case foreign
    /// A newer version wrote them, in a format that this one does not know.
    case newer
    /// The end is missing.
    case truncated
    /// They were changed since they were written.
    case corrupt
    /// They are the state of another policy.
    case otherPolicy
  }
  /// What is wrong with the bytes.
  public var kind: Kind
  /// Lower case, without full stop.
  public var reason: String
  /// What to do about it.
  public var remedy: String

  /// The reason, and what to do about it.
  public var description: String { "\(reason): \(remedy)" }
}

// All wording of snapshots.
extension SnapshotError {
  private static let startAnew =
    "use an older copy, or start without a state and feed the history again"

  static var foreign: Self {
    Self(
      kind: .foreign, reason: "this is not the state of a fleet",
      remedy: "give the file that was written as a state")
  }

  static func newer(_ version: UInt32) -> Self {
    Self(
      kind: .newer,
      reason:
        "the state has format \(version), and this version knows formats up to \(Snapshot.version)",
      remedy: "use the version that wrote it, or a newer one")
  }

  static func truncated(_ count: Int, of whole: UInt64) -> Self {
    Self(
      kind: .truncated, reason: "the state is cut off: \(count) bytes of \(whole)",
      remedy: startAnew)
  }

  static var tooLong: Self {
    Self(kind: .corrupt, reason: "the state is longer than it says", remedy: startAnew)
  }

  static var checksum: Self {
    Self(
      kind: .corrupt, reason: "the state was changed since it was written: its checksum is another",
      remedy: startAnew)
  }

  /// - Parameters:
  ///   - what: What stands there, or what was expected.
  ///   - offset: In bytes of the whole.
  static func corrupt(_ what: String, at offset: Int) -> Self {
    Self(
      kind: .corrupt, reason: "the state is damaged at byte \(offset): \(what)", remedy: startAnew)
  }

  static func otherPolicy(_ digest: String, expected: String) -> Self {
    Self(
      kind: .otherPolicy, reason: "the state is that of policy \(digest), not of \(expected)",
      remedy: "restore it with its own policy, then `replacePolicy`")
  }

  static func otherMeaning(_ what: String) -> Self {
    Self(
      kind: .otherPolicy,
      reason:
        "the state is of the same policy, but another version of the engine read it otherwise: \(what)",
      remedy: "restore it as that of another policy")
  }

  static var assumption: Self {
    Self(
      kind: .otherPolicy, reason: "the state was made under another assumption of steadiness",
      remedy: "say `assumingSteady` as it was said then")
  }
}
