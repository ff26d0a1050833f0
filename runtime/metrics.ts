//! The metrics of a process: one registry for everything that it counts, scraped at `/metrics`.
import { collectDefaultMetrics, Registry } from 'prom-client'

export type Metrics = { readonly registry: Registry }

// What prom-client reads from V8 or from /proc's data size: on Bun these are zeros, or gigabytes that nobody uses.
const meaninglessOnBun = [
  'process_heap_bytes',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_gc_duration_seconds',
  'nodejs_heap_space_size_available_bytes',
  'nodejs_heap_space_size_total_bytes',
  'nodejs_heap_space_size_used_bytes',
]

/** A registry whose every metric carries the service's name, with the figures of the process already in it. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  for (const name of meaninglessOnBun) registry.removeSingleMetric(name)
  return { registry }
}
