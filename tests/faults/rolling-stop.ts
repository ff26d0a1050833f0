//! A service that is told to stop and does, in good order.
import { expect } from 'bun:test'
import type { TestSystem } from '../harness/system.ts'

/** Answers how long it took to end, and expects that it ended in good order. */
export async function stopInOrder(system: TestSystem, service: string): Promise<number> {
  const toldAt = performance.now()
  await system.kill(service, 'SIGTERM')
  const ms = performance.now() - toldAt
  expect({ service, last: system.logs(service).at(-1) }).toEqual({
    service,
    last: expect.stringContaining('"msg":"stopped"'),
  })
  return ms
}
