//! `bun run restore --from DIR`: the data of a backup back where the services look for theirs.
import { parseOptions, usage } from './restore/options.ts'
import { restore } from './restore/run.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options.help) {
    console.log(usage)
    return
  }
  const { moment, says } = await restore(options)
  console.log(
    [...says, `everything is as of ${moment}. Start the services, and then: bun run verify`].join('\n'),
  )
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
