/// What the value of a key must be. The parser reads it so, `fmt` writes it so, and the schemas describe it so.
package indirect enum ValueKind: Sendable {
  case version
  /// Any text: shown, never interpreted.
  case text
  /// The name of something; `extra` may be in it besides letters, digits and `_`.
  case name(extra: String)
  case expression
  case effect
  /// A text with `{expression}` in it.
  case template
  /// What PCRE2 reads.
  case pattern
  /// A metric's name and matchers.
  case selector
  case duration
  case date
  case unit
  /// `'< 0'`: a sign and a number.
  case bound
  case number
  case integer(ClosedRange<Int>)
  case boolean
  case choice([String])
  /// A path of a file beside this one.
  case path
  case list(of: ValueKind, orOne: Bool)
  case fields(Fields)
  /// Names that the author gives, each with such a value.
  case named(ValueKind)
  case anyOf([ValueKind])

  /// A mapping whose keys are known.
  package struct Fields: Sendable {
    /// What it is, for people: `a rule`.
    package var what: String
    /// In the order in which `fmt` writes them.
    package let keys: [Key]
    /// Of `keys`.
    package let names: [String]
    /// Those of them that have to be there.
    package let required: [String]
    /// What names beside the keys mean: the facts of `desired:`. `nil`: there are none.
    package var others: ValueKind?
    /// `fmt` puts the keys into their order. Where names beside them are the main thing, it leaves them.
    package var isOrdered: Bool

    package init(_ what: String, _ keys: [Key], others: ValueKind? = nil, isOrdered: Bool = true) {
      self.what = what
      self.keys = keys
      names = keys.map(\.name)
      required = keys.filter(\.isRequired).map(\.name)
      self.others = others
      self.isOrdered = isOrdered
    }

    package subscript(name: String) -> ValueKind? { keys.first { $0.name == name }?.value ?? others }
  }

  package struct Key: Sendable {
    package var name: String
    package var value: ValueKind
    package var isRequired: Bool
    /// A sentence that an editor shows.
    package var summary: String

    package init(_ name: String, _ value: ValueKind, isRequired: Bool = false, _ summary: String) {
      self.name = name
      self.value = value
      self.isRequired = isRequired
      self.summary = summary
    }
  }
}
