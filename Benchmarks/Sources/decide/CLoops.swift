import Glibc

/// A policy as two C loops, compiled when the benchmark runs.
final class CLoops {
  typealias Rows = @convention(c) (UnsafeRawPointer, Int64, UnsafeMutablePointer<UInt8>) -> Int64
  typealias RowScores = @convention(c) (UnsafeRawPointer, Int64, UnsafeMutablePointer<Int64>) -> Int64
  typealias Numbers = UnsafePointer<UnsafePointer<Double>>
  /// Small codes, as C would keep them.
  typealias Codes = UnsafePointer<UnsafePointer<UInt8>>
  typealias Bands = @convention(c) (Numbers, Codes, Int64, UnsafeMutablePointer<UInt8>) -> Int64
  typealias ColumnScores = @convention(c) (Numbers, Codes, Int64, UnsafeMutablePointer<Int64>) -> Int64

  let rows: Rows
  let rowScores: RowScores
  let columns: Bands
  let columnScores: ColumnScores

  /// - Returns: nil if clang is missing or refuses the source.
  init?(_ source: String, isQuick: Bool) {
    // Contraction would round once where the policy says twice.
    guard let library = compile(source, options: isQuick ? "" : "-ffp-contract=off") else { return nil }
    rows = symbol(library, "run_rows", as: Rows.self)
    rowScores = symbol(library, "score_rows", as: RowScores.self)
    columns = symbol(library, "run_columns", as: Bands.self)
    columnScores = symbol(library, "score_columns", as: ColumnScores.self)
  }
}

/// The loops that somebody else wrote for p20 and p5 (`anchors/evaluate/loops.c`), where they are.
final class AnchorLoops {
  private typealias Load = @convention(c) (UnsafePointer<CChar>) -> Int64
  private typealias Run = @convention(c) () -> UnsafePointer<UInt8>
  private let runRows: Run
  private let runColumns: Run

  /// - Parameters:
  ///   - folder: Where `loops.c` and `policy.py` are.
  ///   - policy: p20 or p5.
  /// - Returns: nil if they are not there, or do not compile.
  init?(folder: String, policy: String, fleet: String) {
    guard policy == "p20" || policy == "p5", access("\(folder)/loops.c", R_OK) == 0 else { return nil }
    let header = temporaryFile("h")
    let python = "import sys; sys.path.insert(0, '\(folder)'); sys.dont_write_bytecode = True; import policy"
    guard system("python3 -c \"\(python); print(policy.c_header())\" > \(header)") == 0 else { return nil }
    let source = """
      #define main loops_main
      #include "\(header)"
      #include "\(folder)/loops.c"
      int64_t load(const char *path) {
        FILE *f = fopen(path, "rb"); if (!f || fread(&N, 8, 1, f) != 1) return 0;
        int64_t pad = (N + 1023) / 1024 * 1024 + 64; dec = calloc(pad, 1); rows = aligned_alloc(64, (N * sizeof(Row) + 63) / 64 * 64);
        for (int c = 0; c < NSIG; c++) { col[c] = aligned_alloc(64, pad * 8); memset(col[c], 0, pad * 8);
          if (fread(col[c], 8, N, f) != (size_t)N) return 0; for (int64_t i = 0; i < N; i++) rows[i].s[c] = col[c][i]; }
        for (int c = 0; c < 4; c++) { kc[c] = aligned_alloc(64, pad); memset(kc[c], 0, pad);
          if (fread(kc[c], 1, N, f) != (size_t)N) return 0; for (int64_t i = 0; i < N; i++) rows[i].k[c] = kc[c][i]; }
        fclose(f);
        return N;
      }
      const uint8_t *rows_decide(void) { run_row_\(policy)(); return dec; }
      const uint8_t *columns_decide(void) { run_col_\(policy)(); return dec; }
      """
    // The generated header is included by its own name, too.
    let copy = header.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    guard system("cp \(header) \(copy)/policy_gen.h") == 0,
      let library = compile(
        source.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.contains("#include \"\(header)") }
          .joined(separator: "\n"), options: "-I\(copy)")
    else { return nil }
    guard symbol(library, "load", as: Load.self)(fleet) > 0 else { return nil }
    runRows = symbol(library, "rows_decide", as: Run.self)
    runColumns = symbol(library, "columns_decide", as: Run.self)
  }

  /// - Returns: The band of each instance; overwritten by the next run.
  func rows() -> UnsafePointer<UInt8> { runRows() }
  func columns() -> UnsafePointer<UInt8> { runColumns() }
}

/// A folder of this process's own.
private let scratchFolder: String = {
  var template = Array("/tmp/decide-XXXXXX".utf8CString)
  return String(cString: mkdtemp(&template))
}()

func removeTemporaryFiles() { _ = system("rm -rf '\(scratchFolder)'") }

nonisolated(unsafe) private var fileNumber = 0

private func temporaryFile(_ ending: String) -> String {
  fileNumber += 1
  return "\(scratchFolder)/\(fileNumber).\(ending)"
}

private func compile(_ source: String, options: String) -> UnsafeMutableRawPointer? {
  let (path, library) = (temporaryFile("c"), temporaryFile("so"))
  guard let file = fopen(path, "w") else { return nil }
  fputs(source, file)
  fclose(file)
  let command = "clang -O3 -march=native -mprefer-vector-width=512 -shared -fPIC \(options) \(path) -o \(library) -lm"
  guard system(command) == 0 else { return nil }
  return dlopen(library, RTLD_NOW | RTLD_LOCAL)
}

private func symbol<T>(_ library: UnsafeMutableRawPointer, _ name: String, as: T.Type) -> T {
  guard let address = dlsym(library, name) else { preconditionFailure("a library without `\(name)`") }
  return unsafeBitCast(address, to: T.self)
}
