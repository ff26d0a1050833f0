//! What the services under test say of themselves: figures of `/metrics`, and whether any fact is still on its way.
import { demoProducts } from '../../tools/seed/shop.ts'
import { eventually } from '../journeys/shop.ts'
import type { TestSystem } from './system.ts'

/** The sum over all labels, or over those with `label`; undefined as long as none was measured. Throws where there is no such figure: a misspelt one is not 0. */
export async function metricOf(
  system: Pick<TestSystem, 'url'>,
  service: string,
  name: string,
  label = '',
): Promise<number | undefined> {
  const response = await fetch(`${system.url(service)}/metrics`, { keepalive: false })
  const lines = (await response.text()).split('\n')
  if (!lines.some((line) => line.startsWith(`# TYPE ${name} `)))
    throw new Error(`${service} has no metric ${name}`)
  const values = lines
    .filter((line) => line.split(/[{ ]/, 1)[0] === name && line.includes(label))
    .map((line) => Number(line.slice(line.lastIndexOf(' '))))
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
}

const readWithinMs = 20_000

/** Resolves when loms has heard of every product of the demo shop: before that it sells none to who pays from a wallet. */
export async function catalogueRead(system: Pick<TestSystem, 'url'>): Promise<void> {
  const isRead = async () => {
    const facts = await metricOf(system, 'loms', 'reader_facts_total', 'stream="CATALOG"')
    return (facts ?? 0) >= demoProducts.length || undefined
  }
  await eventually('the catalogue to be read', isRead, readWithinMs)
}

/** Everything that loms announced is in the stream, and the notifier has read the stream to its end. */
export async function isQuiet(system: Pick<TestSystem, 'url'>): Promise<boolean> {
  if ((await metricOf(system, 'loms', 'outbox_unsent')) !== 0) return false
  // A reader that has just started has not measured yet.
  return (await metricOf(system, 'notifier', 'reader_lag', 'stream="LOMS"')) === 0
}
