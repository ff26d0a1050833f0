//! What is counted of requests: how many, how long, how many at once.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Surface } from './problem.ts'

export type Meter = (status: number, durationMs: number) => void

const durationBucketsSeconds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** Returns what makes the meter of a route. Labels are resolved once per route and status, not once per request. */
export function createMeters(registry: Registry, inFlightNow: () => number) {
  const total = new Counter({
    name: 'http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['route', 'method', 'surface', 'status'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first look at a request to its answer.',
    labelNames: ['route', 'method', 'surface'],
    buckets: durationBucketsSeconds,
    registers: [registry],
  })
  new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that are being worked on.',
    registers: [registry],
    collect() {
      this.set(inFlightNow())
    },
  })

  return ({ route, method, surface }: { route: string; method: string; surface: Surface }): Meter => {
    const durations = duration.labels({ route, method, surface })
    const totals = new Map<number, Counter.Internal>()
    return (status, durationMs) => {
      let counter = totals.get(status)
      if (counter === undefined) {
        counter = total.labels({ route, method, surface, status: String(status) })
        totals.set(status, counter)
      }
      counter.inc()
      durations.observe(durationMs / 1000)
    }
  }
}
