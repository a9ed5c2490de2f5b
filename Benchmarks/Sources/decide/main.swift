// Decisions from feature vectors, one instance at a time and over columns, beside the same policy as C:
//
//   swift run -c release --package-path Benchmarks decide [--policy FILE] [--fleet FILE.bin | --count N]
//     [--repeats N] [--chunk ROWS] [--path best|avx512|avx2|sse2|portable] [--anchors DIR] [--write FILE.bin]
//
// The C is generated from the policy and compiled by clang when this runs. Answers are compared before a time is printed:
// the scores of every instance, in each way; and where `anchors/evaluate/loops.c` lies beside the repository, its bands
// too, and the generated C may be at most a tenth slower than those loops. All times are CPU time, interleaved.
let options = Options(CommandLine.arguments.dropFirst())
Run(options).report()
