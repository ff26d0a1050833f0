//! `bun run backup --to DIR`: the data of all services as it is at one moment, while they run.
import { makeBackup } from './backup/make.ts'
import { parseOptions, usage } from './backup/options.ts'
import { wordsOf } from './backup/words.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env)
  console.log(options.help ? usage : wordsOf(await makeBackup(options), options.to))
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
