//! What notifier measures beside what every service does.
import { Gauge, type Registry } from 'prom-client'
import type { Listeners } from './listeners.ts'

export function listenerMetrics(registry: Registry, listeners: Listeners): void {
  new Gauge({
    name: 'notifier_listeners',
    help: 'Connections that are told notices while they are written.',
    registers: [registry],
    collect() {
      this.set(listeners.size)
    },
  })
}
