import { expect, test } from 'bun:test'
import { Counter } from 'prom-client'
import { createMetrics } from './metrics.ts'

test('every line names the service, and the figures of the process are real ones', async () => {
  const { registry } = createMetrics('stall')
  new Counter({ name: 'sales_total', help: 'Sales.', registers: [registry] }).inc()
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(lines).toContain('sales_total{service="stall"} 1')
  expect(lines.filter((line) => !line.includes('service="stall"'))).toEqual([])
  const resident = Number(
    lines.find((line) => line.startsWith('process_resident_memory_bytes'))?.split(' ')[1],
  )
  expect(resident).toBeWithin(10_000_000, 10_000_000_000)
  expect(lines.filter((line) => line.includes('heap_space'))).toEqual([])
})

test('two services in one process count apart', async () => {
  const [one, other] = [createMetrics('one').registry, createMetrics('other').registry]
  new Counter({ name: 'sales_total', help: 'Sales.', registers: [one] }).inc(2)
  expect(await other.metrics()).not.toContain('sales_total')
})
