import Glibc

enum ProcessEnvironment {
  static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
