//! `bun run verify`: what must be true of a shop's data, held against the data, through an engine that did not write it.
import { look, type Report } from './verify/look.ts'
import { parseOptions, usage } from './verify/options.ts'
import { json, wordsOf } from './verify/report.ts'

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options.help) {
    console.log(usage)
    return 0
  }
  const report: Report = await look(options)
  if (options.json) console.log(json(report))
  const say = options.json ? console.error : console.log
  say(wordsOf(report))
  return report.ok ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
