// swift-tools-version: 6.2
import PackageDescription

// A package of its own: libFuzzer brings its own `main`, and what reaches the library's inside is not for users.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "replacement-criteria", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [.product(name: "CriteriaInternals", package: "replacement-criteria")],
      // Without it, Swift would make a `main` beside libFuzzer's.
      swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])])
  ]
)
