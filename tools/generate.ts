//! `bun run generate`: makes everything that is made from the code. `--check` writes nothing and names what differs.
import { parseArgs } from 'node:util'
import { documents } from './generate/documents.ts'
import { bringAbout } from './generate/files.ts'
import { generateMigrations } from './generate/migrations.ts'
import { generateProto } from './generate/proto.ts'
import { brokenPromises, promisedAtRelease, promisedNow, releaseFiles } from './generate/release.ts'

const usage = `bun run generate [flags]: proto code, migrations, docs/errors.md, docs/events, the routes in docs/api.md, diagrams, .env.example

  --check        write nothing; exit code 1 and the names of the files where something differs
  --name NAME    what a new migration of an existing schema does, e.g. add_promo_codes
  --release      write down what this version promises (tests/contracts), which later ones are held to
  --help         this
`

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      check: { type: 'boolean', default: false },
      name: { type: 'string' },
      release: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  if (values.release) return await release()
  if (values.name !== undefined && !/^[a-z][a-z0-9_]*$/.test(values.name)) {
    console.error(`--name ${values.name}: a migration's name has lower-case letters, digits and _`)
    return 1
  }
  return await generate(values.check, values.name)
}

async function generate(check: boolean, name: string | undefined): Promise<number> {
  // The pages are made from the proto code's neighbours as they are in memory, so the order does not matter.
  const [proto, migrations, pages] = await Promise.all([
    generateProto({ check }),
    generateMigrations({ check, ...(name === undefined ? {} : { name }) }),
    documents().then((wanted) => bringAbout(wanted, { check })),
  ])
  const different = [...proto, ...migrations, ...pages]
  for (const file of different) console.log(`${check ? 'differs' : 'written'}  ${file}`)
  if (different.length === 0) console.log('everything is as the code says')
  else if (check) console.log('run `bun run generate` and commit what it writes')
  return check && different.length > 0 ? 1 : 0
}

/** A promise may be taken back, and then everybody who reads the change sees it. */
async function release(): Promise<number> {
  const now = await promisedNow()
  const broken = brokenPromises(await promisedAtRelease(), now)
  const files = releaseFiles(now)
  for (const path of await bringAbout({ files }, { check: false })) console.log(`written  ${path}`)
  for (const problem of broken) console.log(`taken back  ${problem}`)
  return 0
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
