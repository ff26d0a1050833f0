//! What the services under test say of themselves: figures of `/metrics`, and whether any fact is still on its way.
import type { TestSystem } from '../harness/system.ts'

/** The sum over all labels; throws where there is no such figure, so that a misspelt one is not 0. */
export async function metricOf(
  system: Pick<TestSystem, 'url'>,
  service: string,
  name: string,
): Promise<number> {
  const response = await fetch(`${system.url(service)}/metrics`, { keepalive: false })
  const lines = (await response.text()).split('\n').filter((line) => line.split(/[{ ]/, 1)[0] === name)
  if (lines.length === 0) throw new Error(`${service} has no metric ${name}`)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Everything that loms announced is in the stream, and the notifier has read the stream to its end. */
export async function isQuiet(system: Pick<TestSystem, 'url'>): Promise<boolean> {
  if ((await metricOf(system, 'loms', 'outbox_unsent')) > 0) return false
  return (await metricOf(system, 'notifier', 'reader_lag')) === 0
}
