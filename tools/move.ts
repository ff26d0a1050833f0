//! `bun run move <service> --to URL`: one service's data into another database, for example from SQLite to PostgreSQL.
import { databaseSetting, wordsOf } from './data/homes.ts'
import { parseOptions, usage } from './move/options.ts'
import { move } from './move/run.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options === undefined) {
    console.log(usage)
    return
  }
  const { counted, old, seconds } = await move(options)
  for (const { table, from, into } of counted)
    console.log(`${table.padEnd(20)} ${from} rows there, ${into} here`)
  const { service, to } = options
  console.log(`${service} is in ${wordsOf(to)} (${seconds.toFixed(1)} s); the old data is in ${old}`)
  console.log(`Start it with ${databaseSetting(service)} set to the new address.`)
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
