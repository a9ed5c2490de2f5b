@main enum Differential { static func main() {} }
