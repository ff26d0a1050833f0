//! How many simulated histories a second one core runs, and where their time goes: to be seen in what each of them holds.
import { type Counts, Simulator } from '../../tests/simulation/history.ts'
import { flag, report, round } from '../lib/measure.ts'

const seconds = flag('seconds', 20)
const warmUp = 200
const simulator = new Simulator()
for (let seed = 1; seed <= warmUp; seed += 1) simulator.run({ seed })

const sums: Record<string, number> = {}
let histories = 0
const startedAt = performance.now()
const cpuBefore = process.cpuUsage()
while (performance.now() - startedAt < seconds * 1_000) {
  const { counts, violations } = simulator.run({ seed: warmUp + 1 + histories })
  if (violations.length > 0) throw new Error(`seed ${warmUp + 1 + histories} breaks ${violations[0]?.says}`)
  for (const [name, count] of Object.entries(counts) as [keyof Counts, number][])
    sums[name] = (sums[name] ?? 0) + count
  histories += 1
}
const elapsedSeconds = (performance.now() - startedAt) / 1_000
const { user, system } = process.cpuUsage(cpuBefore)
const perHistory = Object.fromEntries(
  Object.entries(sums).map(([name, sum]) => [`${name} a history`, round(sum / histories)]),
)
await report('simulation', [
  {
    'histories/s': Math.round(histories / elapsedSeconds),
    'CPU ms a history': round((user + system) / 1_000 / histories),
    ...perHistory,
  },
])
