/// What a run read, and what became of it. Nothing is lost without being counted here.
package struct InputSummary: Sendable {
  package struct File: Sendable {
    package var path: String
    /// `prometheus text`, `plain log, rfc 3164`, `inventory`, …; `unrecognised`.
    package var format: String
    /// What told it so.
    package var why: String
    /// As they lie in the file, before unpacking.
    package var bytes: Int
    package var isCompressed: Bool
    package var counts: ReadCounts
    package var problems: ProblemLog
  }

  /// A name that belongs to no instance.
  package struct Unresolved: Hashable, Sendable {
    package var name: String
    /// How many observations bore it.
    package var count: Int
    /// The known name that is most like it.
    package var nearest: String?

    package init(name: String, count: Int, nearest: String?) {
      self.name = name
      self.count = count
      self.nearest = nearest
    }
  }

  /// A name that could belong to several instances: an error, since guessing might replace the wrong one.
  package struct Ambiguous: Hashable, Sendable {
    package var name: String
    package var count: Int
    package var candidates: [String]

    package init(name: String, count: Int, candidates: [String]) {
      self.name = name
      self.count = count
      self.candidates = candidates
    }
  }

  /// In the order in which they were read.
  package var files: [File] = []
  /// The first 100, most frequent first.
  package var unresolved: [Unresolved] = []
  package var unresolvedNames = 0
  package var unresolvedObservations = 0
  package var ambiguous: [Ambiguous] = []
  package var ambiguousObservations = 0
  /// Samples without the label that holds the instance, in files that name none.
  package var withoutInstance = 0
  /// Instances of the inventory that are stopped or terminated.
  package var skippedInstances = 0
  /// Observations of those.
  package var skippedObservations = 0
  /// Log lines that no pattern matches: only that a line came can matter.
  package var unmatchedLines = 0
  /// Those of them that another one of their stream and tick stands for.
  package var foldedLines = 0
  /// Log lines that are not UTF-8: what is not stands in them as U+FFFD.
  package var repairedLines = 0
  /// Log lines whose time is not theirs: they have none, or count seconds from a start that is not told.
  package var unanchoredLines = 0
  package var problems = ProblemLog()

  package init() {}

  package var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
  package var lines: Int { files.reduce(0) { $0 + $1.counts.lines } }
  /// Samples and lines that were read and are wanted.
  package var kept: Int { files.reduce(0) { $0 + $1.counts.kept } }
  package var unwanted: Int { files.reduce(0) { $0 + $1.counts.unwanted } }
  package var refused: Int { files.reduce(0) { $0 + $1.counts.refused } }
}
