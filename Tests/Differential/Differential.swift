import Criteria

/// `differential --cases N --seed S [--jobs J] [--histogram-min PERCENT] [--properties] [--print] [--no-shrink]`
@main enum Differential {
  static func main() async {
    guard let options = Options(CommandLine.arguments.dropFirst()) else {
      print(
        "usage: differential [--cases N] [--seed S] [--jobs J] [--histogram-min PERCENT] [--properties] [--print] "
          + "[--no-shrink]")
      exitProcess(64)
    }
    if options.printsOnly {
      for index in 0..<options.cases { print(makeCase(seed: options.seed &+ UInt64(index)).draft.listing) }
      return
    }
    let histogram = await withTaskGroup(of: Histogram?.self) { group in
      for job in 0..<options.jobs { group.addTask { run(options, job) } }
      var whole: Histogram? = Histogram()
      for await part in group {
        if let part { whole?.add(part) } else { whole = nil }
      }
      return whole
    }
    guard let histogram else { exitProcess(1) }
    if options.checksProperties {
      print("the properties hold in \(options.cases) cases from seed \(options.seed) on")
      return
    }
    print("\(histogram.cases) cases agree from seed \(options.seed) on")
    histogram.print()
    if let least = options.histogramMinimum {
      let rare = histogram.rare(below: least)
      for name in rare { print("too rare: \(name)") }
      if !rare.isEmpty { exitProcess(1) }
    }
  }

  /// Every `jobs`-th case; `nil` if one fails.
  private static func run(_ options: Options, _ job: Int) -> Histogram? {
    var histogram = Histogram()
    for index in stride(from: job, to: options.cases, by: options.jobs) {
      let seed = options.seed &+ UInt64(index)
      if options.checksProperties {
        guard let broken = brokenProperty(seed: seed) else { continue }
        print(broken)
        return nil
      }
      let one = makeCase(seed: seed)
      switch compare(one) {
      case .agree(let facts):
        histogram.add(facts)
      case .refused(let reason):
        print("seed \(seed): the policy is refused: \(reason)\n\(one.draft.listing)")
        return nil
      case .differ:
        if !options.shrinks {
          print("seed \(seed): they differ")
          return nil
        }
        let least = shrink(one) { if case .differ = compare($0) { true } else { false } }
        if case .differ(let difference) = compare(least) { report(least, difference, original: one) }
        return nil
      }
    }
    return histogram
  }
}

struct Options {
  var cases = 1000
  var seed: UInt64 = 1
  var jobs = 1
  var histogramMinimum: Double?
  var printsOnly = false
  var checksProperties = false
  /// A case that fails is made as small as it can be, which takes a while.
  var shrinks = true

  init?(_ arguments: ArraySlice<String>) {
    var rest = arguments
    while let argument = rest.popFirst() {
      switch argument {
      case "--print":
        printsOnly = true
        continue
      case "--properties":
        checksProperties = true
        continue
      case "--no-shrink":
        shrinks = false
        continue
      default: break
      }
      guard let value = rest.popFirst() else { return nil }
      switch argument {
      case "--cases": cases = Int(value) ?? cases
      case "--seed": seed = UInt64(value) ?? seed
      case "--jobs": jobs = max(1, Int(value) ?? 1)
      case "--histogram-min": histogramMinimum = Double(value.hasSuffix("%") ? String(value.dropLast()) : value)
      default: return nil
      }
    }
  }
}
