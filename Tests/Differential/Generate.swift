/// The case of a seed.
func makeCase(seed: UInt64, keepsThePromise: Bool = false, isDyadic: Bool = false, isSmall: Bool = false) -> Case {
  var random = Random(seed: seed)
  let world = World(&random, isDyadic: isDyadic, isSmall: isSmall)
  var policy = PolicyGenerator(Random(seed: random.next()), world, keepsThePromise: keepsThePromise)
  let draft = policy.draft()
  var data = DataGenerator(Random(seed: random.next()), world)
  let actions = data.actions()
  let assumeSteady = random.chance(8)
  return Case(
    seed: seed, draft: draft, actions: actions, step: world.step, assumeSteady: assumeSteady,
    paths: [Path.pick(&random)], traits: data.traits)
}
