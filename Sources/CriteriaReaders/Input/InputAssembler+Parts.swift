package import CriteriaEngine

// Several logs at once: each is read into an assembler of its own, and these are taken over in the order of the logs, so that it
// comes to what it comes to one after the other.
extension InputAssembler {
  /// An assembler for one log of several. It may be used by another thread, and shares nothing with this one.
  ///
  /// - Parameter matcher: One that no other thread uses meanwhile.
  package func part(searchingBy matcher: LogMatcher?) -> InputAssembler {
    InputAssembler(filter: filter, options: options, matcher: matcher)
  }

  /// What parts search by; `nil`: every line is kept.
  package func makeMatcher() -> LogMatcher? { filter.logs.map { logs in LogMatcher(logs.map { .init($0.regex) }) } }

  /// Takes over what a part has read of its log.
  package mutating func take(_ part: InputAssembler) {
    let firstFile = summary.files.count
    let newNames = (0..<part.names.count).map { names.intern(part.names.string($0)) }
    for var entry in part.entries {
      entry.name = newNames[entry.name]
      entry.file += firstFile
      if entry.isUnmatched, case .line(_, let source) = entry.observation, let source = sourceNames.look(up: source) {
        keepUnmatched(entry, source: source)
      } else {
        entries.append(entry)
      }
    }
    for (file, times) in part.kernelTimes { kernelTimes[file + firstFile] = times }
    for (stream, times) in part.streams {
      streams[Stream(name: newNames[stream.name], source: stream.source, file: stream.file + firstFile)] = times
    }
    for (name, time) in part.newestLine { newestLine[newNames[name]] = max(newestLine[newNames[name]] ?? time, time) }
    summary.repairedLines += part.summary.repairedLines
    summary.files += part.summary.files
    summary.problems.add(contentsOf: part.summary.problems)
  }
}
