//! Which services run under a fault: those that a purchase goes through, those that tell one another facts, or everybody who is behind the public door.
import { findRpcMethods } from '../../tools/generate/contracts.ts'
import { readings } from '../../tools/verify/readings.ts'
import { purchasePath } from '../harness/system.ts'

/** They are killed, cut off and set back while buyers trade. */
export const services: readonly string[] = purchasePath

/** Whoever fills a stream or reads one. */
export const telling: readonly string[] = [
  ...new Set(readings.flatMap(({ reader, announcer }) => [reader, announcer])),
]

/** And whoever answers questions over NATS, and sells. */
export const everybody: readonly string[] = [
  ...new Set([...purchasePath, ...telling, ...(await findRpcMethods()).map(({ service }) => service)]),
]
