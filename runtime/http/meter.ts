//! What is counted of requests: how many, how long, how many at once.
import { Gauge, type Metric, type Registry } from 'prom-client'
import type { Surface } from './problem.ts'

export type Meter = (status: number, durationMs: number) => void
export type Metered = { readonly route: string; readonly method: string; readonly surface: Surface }

const upperBoundsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Returns what makes the meter of a route. */
export function createMeters(registry: Registry, inFlightNow: () => number): (metered: Metered) => Meter {
  const tallies: Tally[] = []
  register(registry, {
    name: 'http_requests_total',
    help: 'Requests that were answered.',
    type: 'counter',
    values: () => tallies.flatMap((tally) => tally.totals()),
  })
  register(registry, {
    name: durationName,
    help: 'Time from the first look at a request to its answer.',
    type: 'histogram',
    values: () => tallies.flatMap((tally) => tally.durations()),
  })
  new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that are being worked on.',
    registers: [registry],
    collect() {
      this.set(inFlightNow())
    },
  })

  return (metered) => {
    const tally = new Tally(metered)
    tallies.push(tally)
    return (status, durationMs) => tally.add(status, durationMs / 1000)
  }
}

type Value = { readonly metricName?: string; readonly labels: object; readonly value: number }
type Collected = { name: string; help: string; type: 'counter' | 'histogram'; values: () => Value[] }

/**
 * prom-client hashes labels at every count, a tenth of what a small request costs; a tally is two additions. Of a metric
 * the registry asks nothing but its name and `get`.
 */
function register(registry: Registry, { values, ...metric }: Collected): void {
  const collected = {
    ...metric,
    aggregator: 'sum',
    get: async () => ({ ...metric, aggregator: 'sum', values: values() }),
  }
  registry.registerMetric(collected as unknown as Metric)
}

const durationName = 'http_request_duration_seconds'

/** The figures of one route. */
class Tally {
  readonly #labels: Metered
  readonly #byStatus = new Map<number, number>()
  readonly #byBound = new Array<number>(upperBoundsSeconds.length + 1).fill(0)
  #sumSeconds = 0

  constructor(labels: Metered) {
    this.#labels = labels
  }

  add(status: number, seconds: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1)
    this.#sumSeconds += seconds
    let bound = 0
    while (bound < upperBoundsSeconds.length && seconds > (upperBoundsSeconds[bound] ?? 0)) bound += 1
    this.#byBound[bound] = (this.#byBound[bound] ?? 0) + 1
  }

  totals(): Value[] {
    return [...this.#byStatus].map(([status, value]) => ({ labels: { ...this.#labels, status }, value }))
  }

  durations(): Value[] {
    if (this.#byStatus.size === 0) return []
    let count = 0
    const buckets = this.#byBound.map((added, bound) => {
      count += added
      const le = upperBoundsSeconds[bound] ?? '+Inf'
      return { metricName: `${durationName}_bucket`, labels: { le, ...this.#labels }, value: count }
    })
    return [
      ...buckets,
      { metricName: `${durationName}_sum`, labels: this.#labels, value: this.#sumSeconds },
      { metricName: `${durationName}_count`, labels: this.#labels, value: count },
    ]
  }
}
