//! In the service under test: counts the points that it passes, and carries out the fault that waits at one of them.
import { basename, sep } from 'node:path'
import type { Fault } from './faults.ts'

/** What is thrown at a point. */
export class InjectedFault extends Error {
  constructor({ point, nth }: Fault) {
    super(`fault ${nth} of ${point}`)
    this.name = 'InjectedFault'
  }
}

let passed = new Map<string, number>()
let waiting: readonly Fault[] = []
let tell: (fault: Fault) => void = () => undefined

/** Counting begins anew, and these faults wait; answers how often each point was passed before. */
export function arm(faults: readonly Fault[]): Readonly<Record<string, number>> {
  const before = Object.fromEntries(passed)
  passed = new Map()
  waiting = faults
  return before
}

/** Told of every error that is thrown. */
export function onFired(listener: (fault: Fault) => void): void {
  tell = listener
}

/** Counts, and answers the fault that is to be carried out here and now. */
export function faultAt(point: string): Fault | undefined {
  const nth = (passed.get(point) ?? 0) + 1
  passed.set(point, nth)
  return waiting.find((fault) => fault.point === point && fault.nth === nth)
}

export function carryOut(fault: Fault): never {
  // No exit handler runs, nothing is flushed: the signal comes before the call returns.
  if (fault.kind === 'kill') process.kill(process.pid, 'SIGKILL')
  waiting = waiting.filter((other) => other !== fault)
  tell(fault)
  throw new InjectedFault(fault)
}

/** Throws, or ends the process, where a fault waits. */
export function pass(point: string): void {
  const fault = faultAt(point)
  if (fault !== undefined) carryOut(fault)
}

const own = [import.meta.dir, ['runtime', 'store', ''].join(sep)]

/** The file that called, whatever it is called through: `pay-order`. */
export function callerName(): string {
  const lines = (new Error().stack ?? '').split('\n')
  const paths = lines.flatMap((line) => /\(?(\/[^()]*?\.ts)(?:\?\w+)?:\d+/.exec(line)?.[1] ?? [])
  const path = paths.find((path) => !own.some((part) => path.includes(part)))
  if (path === undefined) throw new Error(`nobody has called:\n${lines.join('\n')}`)
  return basename(path, '.ts')
}
