package import CriteriaCompiler
import CriteriaDiagnostics

/// What `rulecheck explain` says of comments that accept mutants. The samples are policies.
package let mutationPages: [ExplainPage] = [
  ExplainPage(
    .faultyAcceptance, "a comment that accepts no mutant",
    "A comment that begins with `# survives` names the change that may survive `rulecheck test --mutate`, as that prints it, several "
      + "with `;` between them, and says why.",
    failing: policy("# survives: it cannot matter"), mended: policy("# survives (> → >=): it cannot matter")),
  ExplainPage(
    .unusedAcceptance, "a mutant is accepted that does not survive",
    "Tests kill it, or the rule or signal has no such mutant any more. A comment that is not needed would hide the next one.",
    failing: policy("# survives (90% → 92%): it cannot matter"),
    mended: policy("# survives (90% → 91%): it cannot matter")),
]

private func policy(_ comment: String) -> String {
  """
  version: 1
  policy: example
  signals:
    cpu: {gauge: node_cpu, unit: percent}
  rules:
    - rule: HotCPU
      when: cpu > 90%   \(comment)
      then: +60

  """
}
