//! A process that holds a shop's data against what must be true of it whenever it is asked: verify, without its start.
import { look } from '../../../tools/verify/look.ts'
import { parseOptions } from '../../../tools/verify/options.ts'
import { json } from '../../../tools/verify/report.ts'

const options = parseOptions(process.argv.slice(2), {})

/** What does not hold, for people. */
async function problems(): Promise<readonly string[]> {
  const { findings } = await look(options)
  return findings
    .filter(({ broken }) => broken > 0)
    .map(({ of, says, rows }) => `${of}: ${says}: ${rows.map(json).join(', ')}`)
}

process.on('message', async () => {
  process.send?.(await problems().catch((error: unknown) => [`verify could not look: ${String(error)}`]))
})
