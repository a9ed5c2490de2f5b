import Glibc
import Testing

@testable import CriteriaCompiler

/// SplitMix64: the same mutations on every run.
private struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The words of a policy, their separators kept.
private func words(_ text: String) -> [String] {
  var words: [String] = []
  var isWord = false
  for character in text {
    let belongs = character.isLetter || character.isNumber || character == "_"
    if belongs && isWord { words[words.count - 1].append(character) } else { words.append(String(character)) }
    isWord = belongs
  }
  return words
}

/// `MUTATIONS=20000 swift test` looks further.
private let count = getenv("MUTATIONS").flatMap { Int(String(cString: $0)) } ?? 300

@Test("a policy with words exchanged is checked to an end, and what is sound lowers")
func mutations() {
  var generator = Generator(state: 1)
  let original = words(referencePolicyText)
  let vocabulary = original.filter { $0.first?.isLetter == true || $0.first?.isNumber == true } + FunctionTable.names
  var sound = 0
  for _ in 0..<count {
    var mutated = original
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let place = Int.random(in: 0..<mutated.count, using: &generator)
      // Words take the place of words, so that most of the file still parses.
      guard mutated[place].first?.isLetter == true || mutated[place].first?.isNumber == true else { continue }
      mutated[place] = vocabulary.randomElement(using: &generator)!
    }
    let outcome = checkPolicy(mutated.joined(), uses: ["signals/linux.yaml": "version: 1\nsignals: {}\n"])
    #expect((outcome.policy == nil) == !outcome.errors.filter { $0.code.name >= "E021" }.isEmpty)
    guard let policy = outcome.policy else { continue }
    sound += 1
    _ = lower(policy)
  }
  #expect(sound > count / 20)
}
