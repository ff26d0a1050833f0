import { expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { createMeters } from './meter.ts'

const route = { route: '/order/:id', method: 'GET', surface: 'rest' } as const
const labels = 'route="/order/:id",method="GET",surface="rest"'

test('requests are counted by status, and durations add up into buckets as Prometheus has them', async () => {
  const registry = new Registry()
  const meter = createMeters(registry, () => 3)(route)
  for (const durationMs of [0.5, 0.6, 7, 20_000]) meter(200, durationMs)
  meter(404, 1)
  const lines = (await registry.metrics()).split('\n')
  expect(lines).toContain('# TYPE http_requests_total counter')
  expect(lines).toContain('# TYPE http_request_duration_seconds histogram')
  expect(lines).toContain(`http_requests_total{${labels},status="200"} 4`)
  expect(lines).toContain(`http_requests_total{${labels},status="404"} 1`)
  expect(lines).toContain('http_requests_in_flight 3')
  const buckets = lines.filter((line) => line.startsWith('http_request_duration_seconds_bucket'))
  expect(buckets.map((line) => Number(line.split(' ')[1]))).toEqual([
    1, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5,
  ])
  expect(buckets.at(-1)).toStartWith(`http_request_duration_seconds_bucket{le="+Inf",${labels}}`)
  expect(lines).toContain(`http_request_duration_seconds_count{${labels}} 5`)
  const sum = lines.find((line) => line.startsWith(`http_request_duration_seconds_sum{${labels}}`))
  expect(Number(sum?.split(' ')[1])).toBeCloseTo(20.0091)
})

test('a route that nobody asked has no lines', async () => {
  const registry = new Registry()
  createMeters(registry, () => 0)(route)
  expect(await registry.metrics()).not.toContain('/order/:id')
})

test('the registry gives the same figures as JSON', async () => {
  const registry = new Registry()
  createMeters(registry, () => 0)(route)(200, 1)
  const total = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'http_requests_total')
  expect(total?.values).toEqual([{ labels: { ...route, status: 200 }, value: 1 }] as never)
})
