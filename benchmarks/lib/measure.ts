//! What every benchmark needs: latencies, rates, what a process used, the machine, and a result that can be compared.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'

/** Milliseconds, kept one by one: exact percentiles of up to a few million measurements. */
export class Latencies {
  readonly #ms: number[] = []

  add(ms: number): void {
    this.#ms.push(ms)
  }

  get count(): number {
    return this.#ms.length
  }

  summary(): { p50: number; p99: number; max: number } {
    const sorted = Float64Array.from(this.#ms).sort()
    const at = (share: number) =>
      round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
    return { p50: at(0.5), p99: at(0.99), max: at(1) }
  }
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits))

/** Runs `work` in `callers` loops for `seconds`; answers how many times a second it ended, and its latencies. */
export async function drive(
  callers: number,
  seconds: number,
  work: (caller: number) => Promise<void>,
): Promise<{ perSecond: number; latencies: Latencies }> {
  const latencies = new Latencies()
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (;;) {
        const begunAt = performance.now()
        if (begunAt >= endAt) return
        await work(caller)
        latencies.add(performance.now() - begunAt)
      }
    }),
  )
  return { perSecond: Math.round(latencies.count / ((performance.now() - startedAt) / 1000)), latencies }
}

/** CPU seconds since its start and resident MiB of a process, from /proc (Linux); zeros elsewhere. */
export async function usage(pid: number): Promise<{ cpuSeconds: number; rssMib: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  // The command may hold spaces and brackets; what follows its last bracket is numbers (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticksPerSecond = 100
  return {
    cpuSeconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond,
    rssMib: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024),
  }
}

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  bun: Bun.version,
})

/** Prints a result as a table and, where asked to (`--json FILE`), keeps it. */
export async function report(name: string, rows: readonly object[], extra: object = {}): Promise<void> {
  console.table(rows)
  if (Object.keys(extra).length > 0) console.log(JSON.stringify(extra))
  const flag = process.argv.indexOf('--json')
  const file = flag === -1 ? undefined : process.argv[flag + 1]
  if (file === undefined) return
  await mkdir(dirname(file), { recursive: true })
  const result = { benchmark: name, date: new Date().toISOString(), machine: machine(), rows, ...extra }
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
}

/** The number after a flag on the command line. */
export function flag(name: string, otherwise: number): number {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : Number(process.argv[index + 1])
}
