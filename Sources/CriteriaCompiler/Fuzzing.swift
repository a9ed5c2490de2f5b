import CriteriaDiagnostics

// What the fuzzers in Tests/Fuzz call. `package` symbols are invisible to other packages.

/// Compiles bytes as a policy, down to the program, and renders what is wrong.
@_spi(Internals) public func fuzzCompile(_ bytes: UnsafeRawBufferPointer) {
  fuzz(Array(bytes))
}

/// Compiles bytes as the condition of a rule over signals of each kind: most of them get as far as the checker.
@_spi(Internals) public func fuzzCondition(_ bytes: UnsafeRawBufferPointer) {
  let head = """
    version: 1
    policy: fuzz
    signals:
      cpu: {gauge: cpu, unit: percent}
      free: {gauge: free, unit: bytes, by: [mount]}
      size: {gauge: size, unit: bytes, by: [mount]}
      reqs: {counter: reqs, reduce: sum}
      oom: {log: kernel, match: 'Killed (?<comm>\\w+)'}
      slow: {log: app, match: '(?<ms>\\d+) ms', value: ms, unit: ms}
      ready: {condition: Ready}
      image: {info: image, label: image}
      cores: {fact: cores}
      share: {is: free / size}
    rules:
      - rule: Fuzz
        then: +1
        when: |-

    """
  let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  fuzz(Array(head.utf8) + lines.flatMap { Array("      ".utf8) + Array($0) + [UInt8(ascii: "\n")] })
}

private func fuzz(_ policy: [UInt8]) {
  let compilation = compile(SourceText(path: "fuzz.yaml", bytes: policy))
  precondition(compilation.hasErrors == (compilation.program == nil), "a policy neither compiles nor has errors")
  _ = render(compilation.diagnostics, in: compilation.sources)
  if let checked = compilation.checked, let file = compilation.file { _ = analyze(checked, of: file, now: 0) }
}
