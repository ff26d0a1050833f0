//! `bun run faults`: the fault tests by rows of the scorecard, as short as in CI or as long as they are told, with a table at the end.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Counted } from '../tests/faults/counted.ts'
import { readLines } from './dev/lines.ts'
import { countedIn, type Ran, tableOf } from './faults/report.ts'
import { filesOf, type Row, rows } from './faults/rows.ts'
import { readReport } from './test/report.ts'

const root = resolve(import.meta.dir, '..')

const usage = `bun run faults [flags]: the fault tests, by rows of the scorecard in docs/reliability.md

  --row N      only this row; may be given several times
  --rounds N   how often each test does what it does; as often as in CI unless told
  --seed S     the same choices as a run that printed this seed; how processes race is not repeated
  --only NAME  only the tests whose name has this in it
  --part I/N   the Ith of N shares of row 3, which are the whole together: a long run in pieces
  --help       this

${rows.map(({ row, what, round }) => `${String(row).padStart(4)}  ${what} (--rounds: ${round})`).join('\n')}

Ends with 0 where nothing was violated.
`

type Options = {
  readonly rows: readonly Row[]
  readonly rounds: number | undefined
  readonly seed: number
  readonly only: string | undefined
  readonly part: string | undefined
}

/** Undefined where only help was asked for. Throws an error for people. */
function parse(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      row: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      part: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const numbers = values.row.map((text) => wholeNumber('--row', text))
  const unknown = numbers.filter((number) => rows.every(({ row }) => row !== number))
  if (unknown.length > 0) throw new Error(`there is no test of row ${unknown.join(', ')}`)
  return {
    rows: numbers.length === 0 ? rows : rows.filter(({ row }) => numbers.includes(row)),
    rounds: values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds, 1),
    seed: values.seed === undefined ? randomSeed() : wholeNumber('--seed', values.seed),
    only: values.only,
    part: values.part,
  }
}

function wholeNumber(flag: string, text: string, least = 0): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least || !Number.isSafeInteger(number))
    throw new Error(`${flag} ${text}: not a whole number from ${least} up`)
  return number
}

const randomSeed = () => Math.floor(Math.random() * 2 ** 31)

async function runRow(row: Row, files: readonly string[], options: Options): Promise<Ran> {
  const { rounds, seed, only, part } = options
  const startedAt = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-faults-'))
  const report = join(folder, 'report.xml')
  const flags = ['--timeout=60000', '--reporter=junit', `--reporter-outfile=${report}`]
  if (only !== undefined) flags.push('-t', RegExp.escape(only))
  const counted: Counted[] = []
  try {
    const child = Bun.spawn([process.execPath, 'test', ...flags, ...files.map((file) => `./${file}`)], {
      cwd: root,
      env: {
        ...process.env,
        FAULT_SEED: String(seed),
        ...(rounds !== undefined && { FAULT_ROUNDS: String(rounds) }),
        ...(part !== undefined && { FAULT_PART: part }),
        BUN_FEATURE_FLAG_NO_ORPHANS: '1',
      },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    })
    const stopListening = onStop(() => child.kill('SIGTERM'))
    await readLines(child.stdout, (line) => {
      const each = countedIn(line)
      if (each === undefined) console.log(line)
      else counted.push(each)
    })
    const code = await child.exited
    stopListening()
    // A terminal tells both of us to stop, and the child may be the first to hear it.
    stopped ||= stopSignals.some((signal) => signal === child.signalCode)
    const { failed } = (await Bun.file(report).exists())
      ? readReport(await Bun.file(report).text()).counts
      : { failed: 1 }
    const seconds = (performance.now() - startedAt) / 1_000
    // A file that does not load fails the run and is in no report.
    return { row, counted, failed: code === 0 ? failed : Math.max(1, failed), seconds }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Set when somebody wants us to stop: what has run is told all the same. */
let stopped = false
const stopSignals = ['SIGINT', 'SIGTERM'] as const

function onStop(stop: () => void): () => void {
  const listener = () => {
    stopped = true
    stop()
  }
  for (const signal of stopSignals) process.on(signal, listener)
  return () => {
    for (const signal of stopSignals) process.off(signal, listener)
  }
}

async function main(): Promise<number> {
  const options = parse(process.argv.slice(2))
  if (options === undefined) {
    console.log(usage)
    return 0
  }
  const ran: Ran[] = []
  for (const row of options.rows) {
    const files = filesOf(row, root)
    if (files.length === 0) continue
    console.log(`\nrow ${row.row}: ${row.what}`)
    const each = await runRow(row, files, options)
    // A row that was broken off says nothing.
    if (stopped) break
    ran.push(each)
  }
  console.log(`\n${tableOf(ran)}\n\nseed ${options.seed}`)
  if (stopped) console.log('stopped before the end')
  return !stopped && ran.length > 0 && ran.every(({ failed }) => failed === 0) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
