//! Many histories on every core: a history is all of its seed, so that it matters to none where it runs and what ran before.
import { availableParallelism } from 'node:os'
import type { Tally } from './report.ts'
import { nothing, sum } from './run.ts'
import type { Ran, Range } from './worker.ts'

export type ParallelOptions = Range & {
  readonly onProgress?: (tally: Tally) => void
}

// Short enough that the cores end together, long enough that handing out costs nothing.
const rangeMax = 500
const progressEvery = 10_000

/** Begins no more where `failuresMax` are broken. Rejects where a thread ends without its answer. */
export async function runInParallel({ onProgress, ...options }: ParallelOptions): Promise<Ran> {
  const { firstSeed, histories, failuresMax } = options
  const endSeed = firstSeed + histories
  const threads = Math.min(availableParallelism(), histories)
  const size = Math.min(rangeMax, Math.ceil(histories / threads))
  const startedAt = performance.now()
  let tally: Tally = { ...nothing, histories: 0, violations: 0, seconds: 0 }
  const failures: string[] = []
  let next = firstSeed
  let progress = 0

  const add = (ran: Ran) => {
    failures.push(...ran.failures)
    tally = {
      ...sum(tally, ran.tally),
      histories: tally.histories + ran.tally.histories,
      violations: failures.length,
      seconds: (performance.now() - startedAt) / 1_000,
    }
    if (tally.histories - progress < progressEvery) return
    progress = tally.histories
    onProgress?.(tally)
  }
  const work = async () => {
    using thread = startThread()
    while (next < endSeed && failures.length < failuresMax) {
      const range = { ...options, firstSeed: next, histories: Math.min(size, endSeed - next) }
      next += range.histories
      add(await thread.run(range))
    }
  }
  await Promise.all(Array.from({ length: threads }, work))
  return { tally, failures }
}

function startThread() {
  const worker = new Worker(new URL('worker.ts', import.meta.url))
  return {
    run(range: Range): Promise<Ran> {
      const { promise, resolve, reject } = Promise.withResolvers<Ran>()
      worker.onmessage = ({ data }: MessageEvent<Ran>) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.addEventListener('close', () => reject(new Error('a thread has ended')))
      worker.postMessage(range)
      return promise
    },
    [Symbol.dispose]: () => worker.terminate(),
  }
}
